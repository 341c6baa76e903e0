/* SPDX-License-Identifier: MIT */
/* Long rows of zeros are found by a sample; everything is in one list or the other, and the second look says the same. */
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/memory.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE  UINT64_C(4096)
#define BLOCK (UINT64_C(2) << 20)
#define SIZE  (16 * BLOCK)

static bool contains(const struct memory_ranges *ranges, uint64_t address)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (ranges->list[i].start <= address && address < ranges->list[i].end)
			return true;
	return false;
}

static uint64_t size_of(const struct memory_ranges *ranges)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		CHECK(!i || ranges->list[i - 1].end <= ranges->list[i].start);
		size += ranges->list[i].end - ranges->list[i].start;
	}
	return size;
}

int main(void)
{
	char *bytes = mmap(NULL, SIZE + BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	_cleanup_(memory_close) struct process_memory memory = { .fd = -1 };
	_cleanup_ranges_ struct memory_ranges suspect = { 0 }, other = { 0 }, again = { 0 },
					      rest = { 0 };
	uint64_t start = ((uintptr_t)bytes + BLOCK - 1) & -BLOCK;
	/* The second is too small to have a place that is looked at, and begins in the middle of a block. */
	const struct memory_range ranges[] = {
		{ start, start + 8 * BLOCK },
		{ start + 9 * BLOCK + 33 * PAGE, start + 9 * BLOCK + 40 * PAGE },
		{ start + 10 * BLOCK, start + 16 * BLOCK - PAGE },
	};
	struct err err = { 0 };

	memset((void *)start, 7, SIZE);
	memset((void *)(start + 3 * BLOCK + 5 * PAGE), 0, 64 * PAGE);
	/* Seems to be zero at a place that is looked at, and is not. */
	memset((void *)(start + 12 * BLOCK), 0, 2048);
	CHECK(memory_open(getpid(), NULL, &memory, &err) == 0, "%s", err.msg);
	CHECK(memory_zero_suspects(&memory, ranges, 3, &suspect, &other, &err) == 0, "%s", err.msg);
	CHECK(contains(&suspect, start + 3 * BLOCK + 5 * PAGE));
	CHECK(contains(&suspect, start + 12 * BLOCK));
	CHECK(contains(&suspect, ranges[1].start));
	CHECK(contains(&other, start) && contains(&other, start + 7 * BLOCK));
	CHECK(contains(&other, start + 15 * BLOCK));
	CHECK(size_of(&suspect) == 2 * BLOCK + 7 * PAGE, "%lu", size_of(&suspect));
	CHECK(size_of(&suspect) + size_of(&other) == 14 * BLOCK + 6 * PAGE);
	CHECK(memory_zero_suspects(&memory, ranges, 3, &again, &rest, &err) == 0, "%s", err.msg);
	CHECK(again.count == suspect.count && rest.count == other.count &&
	      memcmp(again.list, suspect.list, again.count * sizeof(*again.list)) == 0);
	return test_done("zero_sample");
}
