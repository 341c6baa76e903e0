/* SPDX-License-Identifier: MIT */
/* Pages that are read into memory at once are found there by their addresses. */
#include "dump/held.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fallback.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void hold(const struct kernel_features *features, char *pages, const struct held *parent,
		 const struct held *eldest, struct held **ret)
{
	const struct held *const relatives[HELD_RELATIVES] = { parent, eldest };
	_cleanup_ranges_ struct memory_ranges ranges = { 0 };
	uint64_t at = (uint64_t)(uintptr_t)pages;
	struct process_memory memory;
	struct err err = { 0 };

	CHECK(memory_open(getpid(), features, &memory, &err) == 0, "%s", err.msg);
	memory.keep_shared = true;
	/* The second page is left out. */
	CHECK(memory_ranges_add(&ranges, at, at + PAGE, &err) == 0);
	CHECK(memory_ranges_add(&ranges, at + 2 * PAGE, at + 5 * PAGE, &err) == 0);
	CHECK(held_new(&memory, &ranges, relatives, 1, ret, &err) == 0, "%s", err.msg);
	memory_close(&memory);
}

static void test_read(const struct held *held, uint64_t at)
{
	_cleanup_ranges_ struct memory_ranges zero = { 0 }, other = { 0 };
	const struct memory_range searched = { at + 2 * PAGE, at + 5 * PAGE };
	char bytes[3 * PAGE];
	struct err err = { 0 };

	CHECK(held_read(held, at + 100, bytes, 200, &err) == 0);
	CHECK(bytes[0] == 'a' && bytes[199] == 'a');
	CHECK(held_read(held, at + 2 * PAGE, bytes, sizeof(bytes), &err) == 0);
	CHECK(bytes[0] == 'c' && bytes[PAGE] == 0 && bytes[3 * PAGE - 1] == 'e');
	CHECK(held_read(held, at, bytes, PAGE + 1, &err) < 0);
	CHECK(held_read(held, at + 5 * PAGE, bytes, 1, &err) < 0);
	CHECK(held_zero_pages(held, &searched, 1, &zero, &other, &err) == 0);
	CHECK(zero.count == 1 && zero.list[0].start == at + 3 * PAGE &&
	      zero.list[0].end == at + 4 * PAGE);
	CHECK(other.count == 2 && other.list[1].end == at + 5 * PAGE);
}

/* What a child has as its parent takes no memory, and only that. */
static void test_parent(const struct kernel_features *features, char *pages,
			const struct held *parent)
{
	struct held *child, *same, *other;
	uint64_t at = (uint64_t)(uintptr_t)pages;
	struct err err = { 0 };
	char byte = 0;

	hold(features, pages, parent, NULL, &same);
	CHECK(held_size(same) == 0, "%zu", held_size(same));
	test_read(same, at);
	pages[3 * PAGE - 1] = 'C';
	hold(features, pages, parent, NULL, &child);
	CHECK(held_size(child) == PAGE, "%zu", held_size(child));
	CHECK(held_read(child, at + 3 * PAGE - 1, &byte, 1, &err) == 0 && byte == 'C');
	CHECK(held_read(parent, at + 3 * PAGE - 1, &byte, 1, &err) == 0 && byte == 'c');
	/* Another one, with the same change and one of its own. */
	pages[0] = 'A';
	hold(features, pages, parent, child, &other);
	CHECK(held_size(other) == PAGE, "%zu", held_size(other));
	CHECK(held_read(other, at + 3 * PAGE - 1, &byte, 1, &err) == 0 && byte == 'C');
	CHECK(held_read(other, at, &byte, 1, &err) == 0 && byte == 'A');
	pages[0] = 'a';
	pages[3 * PAGE - 1] = 'c';
	held_free(other);
	held_free(child);
	/* Of a child that is as its own parent. */
	hold(features, pages, same, NULL, &child);
	held_free(same);
	CHECK(held_size(child) == 0, "%zu", held_size(child));
	test_read(child, at);
	held_free(child);
}

/* More pages than are read at once, most lines zero, and ranges that are cut in between. */
static void test_zeros(const struct kernel_features *features)
{
	const struct held *const nobody[HELD_RELATIVES] = { NULL };
	_cleanup_ranges_ struct memory_ranges ranges = { 0 };
	enum { N = 700 };
	char *many =
		mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *back = malloc(N * PAGE);
	uint64_t at = (uint64_t)(uintptr_t)many;
	struct process_memory memory;
	struct held *held;
	struct err err = { 0 };
	size_t lines = 0;

	for (size_t i = 0; i < N * PAGE; i += 64 + i * 7 % 4096, lines++)
		many[i] = (char)(1 + i % 255);
	CHECK(memory_open(getpid(), features, &memory, &err) == 0, "%s", err.msg);
	memory.keep_shared = true;
	CHECK(memory_ranges_add(&ranges, at, at + 50 * PAGE, &err) == 0);
	CHECK(memory_ranges_add(&ranges, at + 51 * PAGE, at + N * PAGE, &err) == 0);
	CHECK(held_new(&memory, &ranges, nobody, 3, &held, &err) == 0, "%s", err.msg);
	CHECK(held_size(held) <= lines * 64, "%zu", held_size(held));
	CHECK(held_read(held, at, back, 50 * PAGE, &err) == 0, "%s", err.msg);
	CHECK(memcmp(back, many, 50 * PAGE) == 0);
	CHECK(held_read(held, at + 51 * PAGE + 100, back, 149 * PAGE - 300, &err) == 0, "%s",
	      err.msg);
	CHECK(memcmp(back, many + 51 * PAGE + 100, 149 * PAGE - 300) == 0);
	CHECK(held_read(held, at + 50 * PAGE, back, 1, &err) < 0 && strstr(err.msg, "not copied"));
	held_free(held);
	held_free(NULL);
	memory_close(&memory);
	free(back);
	munmap(many, N * PAGE);
}

int main(void)
{
	char *pages =
		mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct held *held;
	struct kernel_features features;
	struct err err = { 0 };

	CHECK(kernel_features_init(NULL, &features, &err) == 0, "%s", err.msg);
	memset(pages, 'a', PAGE);
	memset(pages + 2 * PAGE, 'c', PAGE);
	memset(pages + 4 * PAGE, 'e', PAGE);
	hold(&features, pages, NULL, NULL, &held);
	test_parent(&features, pages, held);
	/* What is held stays as it was. */
	memset(pages, 'x', 5 * PAGE);
	test_read(held, (uint64_t)(uintptr_t)pages);
	held_free(held);
	test_zeros(&features);
	return test_done("held");
}
