/* SPDX-License-Identifier: MIT */
/* Pages that are read into memory at once are found there by their addresses. */
#include "dump/spool.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fallback.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void hold(const struct kernel_features *features, char *pages, const struct spool *parent,
		 const struct spool *eldest, struct spool *ret)
{
	const struct spool *const relatives[SPOOL_RELATIVES] = { parent, eldest };
	_cleanup_ranges_ struct memory_ranges ranges = { 0 };
	uint64_t at = (uint64_t)(uintptr_t)pages;
	struct process_memory memory;
	struct err err = { 0 };

	CHECK(memory_open(getpid(), features, &memory, &err) == 0, "%s", err.msg);
	memory.keep_shared = true;
	/* The second page is left out. */
	CHECK(memory_ranges_add(&ranges, at, at + PAGE, &err) == 0);
	CHECK(memory_ranges_add(&ranges, at + 2 * PAGE, at + 5 * PAGE, &err) == 0);
	CHECK(spool_hold(&memory, &ranges, relatives, ret, &err) == 0, "%s", err.msg);
	memory_close(&memory);
}

static void test_read(const struct spool *spool, uint64_t at)
{
	_cleanup_ranges_ struct memory_ranges zero = { 0 }, other = { 0 };
	const struct memory_range searched = { at + 2 * PAGE, at + 5 * PAGE };
	char bytes[3 * PAGE];
	struct err err = { 0 };

	CHECK(spool_read(spool, at + 100, bytes, 200, &err) == 0);
	CHECK(bytes[0] == 'a' && bytes[199] == 'a');
	CHECK(spool_read(spool, at + 2 * PAGE, bytes, sizeof(bytes), &err) == 0);
	CHECK(bytes[0] == 'c' && bytes[PAGE] == 0 && bytes[3 * PAGE - 1] == 'e');
	CHECK(spool_read(spool, at, bytes, PAGE + 1, &err) < 0);
	CHECK(spool_read(spool, at + 5 * PAGE, bytes, 1, &err) < 0);
	CHECK(spool_zero_pages(spool, &searched, 1, &zero, &other, &err) == 0);
	CHECK(zero.count == 1 && zero.list[0].start == at + 3 * PAGE &&
	      zero.list[0].end == at + 4 * PAGE);
	CHECK(other.count == 2 && other.list[1].end == at + 5 * PAGE);
}

/* What a child has as its parent takes no memory, and only that. */
static void test_parent(const struct kernel_features *features, char *pages,
			const struct spool *parent)
{
	struct spool child = SPOOL_EMPTY, same = SPOOL_EMPTY, other = SPOOL_EMPTY;
	uint64_t at = (uint64_t)(uintptr_t)pages;
	struct err err = { 0 };
	char byte = 0;

	hold(features, pages, parent, NULL, &same);
	CHECK(same.size == 0, "%lu", same.size);
	test_read(&same, at);
	pages[3 * PAGE - 1] = 'C';
	hold(features, pages, parent, NULL, &child);
	CHECK(child.size == PAGE, "%lu", child.size);
	CHECK(spool_read(&child, at + 3 * PAGE - 1, &byte, 1, &err) == 0 && byte == 'C');
	CHECK(spool_read(parent, at + 3 * PAGE - 1, &byte, 1, &err) == 0 && byte == 'c');
	/* Another one, with the same change and one of its own. */
	pages[0] = 'A';
	hold(features, pages, parent, &child, &other);
	CHECK(other.size == PAGE, "%lu", other.size);
	CHECK(spool_read(&other, at + 3 * PAGE - 1, &byte, 1, &err) == 0 && byte == 'C');
	CHECK(spool_read(&other, at, &byte, 1, &err) == 0 && byte == 'A');
	pages[0] = 'a';
	pages[3 * PAGE - 1] = 'c';
	spool_done(&other);
	spool_done(&child);
	/* Of a child that is as its own parent. */
	hold(features, pages, &same, NULL, &child);
	spool_done(&same);
	CHECK(child.size == 0, "%lu", child.size);
	test_read(&child, at);
	spool_done(&child);
}

int main(void)
{
	char *pages =
		mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct spool spool = SPOOL_EMPTY;
	struct kernel_features features;
	struct err err = { 0 };

	CHECK(kernel_features_init(NULL, &features, &err) == 0, "%s", err.msg);
	memset(pages, 'a', PAGE);
	memset(pages + 2 * PAGE, 'c', PAGE);
	memset(pages + 4 * PAGE, 'e', PAGE);
	hold(&features, pages, NULL, NULL, &spool);
	test_parent(&features, pages, &spool);
	/* What is held stays as it was. */
	memset(pages, 'x', 5 * PAGE);
	test_read(&spool, (uint64_t)(uintptr_t)pages);
	spool_done(&spool);
	CHECK(!spool.held && spool.fd == -1);
	return test_done("spool");
}
