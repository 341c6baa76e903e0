/* SPDX-License-Identifier: MIT */
/* Several threads find the same pages of zeros, and places to look for them, as one, wherever the ranges are cut. */
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/memory.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)
#define SIZE (UINT64_C(96) << 20)

static bool same(const struct memory_ranges *a, const struct memory_ranges *b)
{
	return a->count == b->count &&
	       (!a->count || memcmp(a->list, b->list, a->count * sizeof(*a->list)) == 0);
}

/* A few pages that are not zero, alone and in rows, also across where parts may meet. */
static void fill(char *memory)
{
	uint64_t x = 88172645463325252u;

	for (unsigned i = 0; i < 300; i++) {
		uint64_t page, rows;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		page = x % (SIZE / PAGE);
		for (rows = x >> 60; rows && page < SIZE / PAGE; rows--, page++)
			memory[page * PAGE + x % PAGE] = 1;
	}
}

static void check(const struct process_memory *memory, const struct memory_range *ranges,
		  size_t count)
{
	_cleanup_ranges_ struct memory_ranges zero = { 0 }, other = { 0 };
	struct err err = { 0 };

	CHECK(memory_zero_pages(memory, ranges, count, &zero, &other, &err) == 0, "%s", err.msg);
	CHECK(zero.count > 10 && other.count > 10);
	for (unsigned threads = 0; threads < 20; threads += 3) {
		_cleanup_ranges_ struct memory_ranges zeros = { 0 }, others = { 0 };

		CHECK(memory_zero_pages_by(threads, memory, ranges, count, &zeros, &others, &err) ==
			      0,
		      "%s", err.msg);
		CHECK(same(&zero, &zeros) && same(&other, &others), "%u threads", threads);
	}
}

/* The sample: what is looked at is not zero in the first pages of every third block. */
static void check_suspects(const struct process_memory *memory)
{
	const uint64_t size = UINT64_C(600) << 20, block = UINT64_C(2) << 20;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t start = ((uintptr_t)bytes + block - 1) & -block;
	const struct memory_range range = { start, start + size - block };
	_cleanup_ranges_ struct memory_ranges suspect = { 0 }, other = { 0 };
	struct err err = { 0 };

	for (uint64_t at = start; at < range.end; at += 3 * block)
		for (uint64_t page = 0; page < block; page += 32 * PAGE)
			*(char *)(at + page) = 1;
	CHECK(memory_zero_suspects(memory, &range, 1, &suspect, &other, &err) == 0, "%s", err.msg);
	CHECK(suspect.count > 90 && other.count > 90, "%zu and %zu", suspect.count, other.count);
	for (unsigned threads = 1; threads < 9; threads += 2) {
		_cleanup_ranges_ struct memory_ranges suspects = { 0 }, others = { 0 };

		CHECK(memory_zero_suspects_by(threads, memory, &range, 1, &suspects, &others,
					      &err) == 0,
		      "%s", err.msg);
		CHECK(same(&suspect, &suspects) && same(&other, &others), "%u threads", threads);
	}
	munmap(bytes, size);
}

int main(void)
{
	char *bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_cleanup_(memory_close) struct process_memory memory = { .fd = -1 };
	uint64_t start = (uintptr_t)bytes;
	struct memory_range whole = { start, start + SIZE }, parts[64];
	struct memory_ranges zero = { 0 }, other = { 0 };
	struct err err = { 0 };

	CHECK(memory_open(getpid(), NULL, &memory, &err) == 0, "%s", err.msg);
	fill(bytes);
	check(&memory, &whole, 1);
	for (size_t i = 0; i < 64; i++)
		parts[i] = (struct memory_range){ start + i * (SIZE / 64),
						  start + (i + 1) * (SIZE / 64) - (i % 5) * PAGE };
	check(&memory, parts, 64);
	check_suspects(&memory);
	memory.keep_shared = true;
	check(&memory, &whole, 1);
	munmap(bytes, SIZE);
	CHECK(memory_zero_pages_by(4, &memory, &whole, 1, &zero, &other, &err) < 0);
	CHECK(strstr(err.msg, "reading memory"), "%s", err.msg);
	memory_ranges_release(&zero);
	memory_ranges_release(&other);
	return test_done("zero_threads");
}
