/* SPDX-License-Identifier: MIT */
/* Lists of address ranges, and the pages in them that hold nothing but zeros. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/memory.h"

/* Enough to tell nearly every page that is not zero, and one cache line to fetch. */
#define PEEK   64
#define BATCH  1024 /* pages that are looked at together */
#define WHOLES 64   /* pages that are read whole together */

int memory_ranges_add(struct memory_ranges *ranges, uint64_t start, uint64_t end, struct err *err)
{
	if (start >= end)
		return 0;
	if (ranges->count && ranges->list[ranges->count - 1].end == start) {
		ranges->list[ranges->count - 1].end = end;
		return 0;
	}
	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 64;
		void *bigger = realloc(ranges->list, room * sizeof(*ranges->list));

		if (!bigger)
			return err_sys(err, "list of %zu address ranges", room);
		ranges->list = bigger;
		ranges->room = room;
	}
	ranges->list[ranges->count++] = (struct memory_range){ start, end };
	return 0;
}

static int add_to(struct memory_ranges *ranges, uint64_t start, uint64_t end, struct err *err)
{
	return ranges ? memory_ranges_add(ranges, start, end, err) : 0;
}

int memory_ranges_split(const struct memory_ranges *ranges, const struct memory_ranges *by,
			struct memory_ranges *ret_in, struct memory_ranges *ret_out,
			struct err *err)
{
	size_t b = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		uint64_t at = ranges->list[i].start, end = ranges->list[i].end;

		while (at < end) {
			const struct memory_range *next;
			bool in;
			uint64_t stop = end;

			while (b < by->count && by->list[b].end <= at)
				b++;
			next = b < by->count ? &by->list[b] : NULL;
			in = next && next->start <= at;
			if (in && next->end < end)
				stop = next->end;
			if (!in && next && next->start < end)
				stop = next->start;
			if (add_to(in ? ret_in : ret_out, at, stop, err) < 0)
				return -1;
			at = stop;
		}
	}
	return 0;
}

static int compare_starts(const void *a, const void *b)
{
	const struct memory_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void memory_ranges_sort(struct memory_ranges *ranges)
{
	size_t n = 0;

	if (ranges->count)
		qsort(ranges->list, ranges->count, sizeof(*ranges->list), compare_starts);
	for (size_t i = 0; i < ranges->count; i++) {
		if (n && ranges->list[n - 1].end == ranges->list[i].start)
			ranges->list[n - 1].end = ranges->list[i].end;
		else
			ranges->list[n++] = ranges->list[i];
	}
	ranges->count = n;
}

void memory_ranges_release(struct memory_ranges *ranges)
{
	int error = errno;

	free(ranges->list);
	*ranges = (struct memory_ranges){ 0 };
	errno = error;
}

static bool is_zero(const void *bytes, size_t length)
{
	const char *byte = bytes;

	return byte[0] == 0 && memcmp(byte, byte + 1, length - 1) == 0;
}

/* Pages under examination: all of a batch, then those of them that may be zero. */
struct zero_scan {
	const struct process_memory *memory;
	uint64_t page;
	uint64_t address[BATCH];
	struct memory_range ranges[BATCH];
	bool zero[BATCH];
	size_t count;
	char peek[BATCH * PEEK];
	char *whole; /* WHOLES pages */
};

/*
 * Reads `bytes` of the pages picked and says of each whether they are zero. Whole pages that follow
 * one another are one range: the kernel then takes them at once.
 */
static int look(struct zero_scan *scan, const size_t *picked, size_t n, uint64_t bytes,
		char *buffer, struct err *err)
{
	struct memory_range *ranges = scan->ranges;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t start = scan->address[picked[i]];

		if (count && ranges[count - 1].end == start)
			ranges[count - 1].end = start + bytes;
		else
			ranges[count++] = (struct memory_range){ start, start + bytes };
	}
	if (memory_read_ranges(scan->memory, ranges, count, buffer, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		scan->zero[picked[i]] = is_zero(buffer + i * bytes, bytes);
	return 0;
}

static int judge(struct zero_scan *scan, struct err *err)
{
	bool peek = !scan->memory->keep_shared;
	size_t picked[BATCH], n = 0;

	for (size_t i = 0; i < scan->count; i++) {
		picked[i] = i;
		scan->zero[i] = true;
	}
	/* One by one, as these have to be read, they cost as much as whole pages that follow one another. */
	if (peek && look(scan, picked, scan->count, PEEK, scan->peek, err) < 0)
		return -1;
	for (size_t i = 0; i < scan->count; i++) {
		if (scan->zero[i])
			picked[n++] = i;
		if (n == WHOLES || (i + 1 == scan->count && n)) {
			if (look(scan, picked, n, scan->page, scan->whole, err) < 0)
				return -1;
			n = 0;
		}
	}
	return 0;
}

static int flush(struct zero_scan *scan, struct memory_ranges *ret_zero,
		 struct memory_ranges *ret_other, struct err *err)
{
	if (judge(scan, err) < 0)
		return -1;
	for (size_t i = 0; i < scan->count; i++) {
		struct memory_ranges *to = scan->zero[i] ? ret_zero : ret_other;
		uint64_t start = scan->address[i];

		if (to && memory_ranges_add(to, start, start + scan->page, err) < 0)
			return -1;
	}
	scan->count = 0;
	return 0;
}

int memory_zero_pages(const struct process_memory *memory, const struct memory_range *ranges,
		      size_t count, struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		      struct err *err)
{
	_cleanup_free_ struct zero_scan *scan = calloc(1, sizeof(*scan));
	_cleanup_free_ char *whole = NULL;

	if (!scan)
		return err_sys(err, "finding zero pages");
	scan->memory = memory;
	scan->page = (uint64_t)sysconf(_SC_PAGESIZE);
	scan->whole = whole = malloc(WHOLES * scan->page);
	if (!whole)
		return err_sys(err, "finding zero pages");
	for (size_t i = 0; i < count; i++) {
		for (uint64_t at = ranges[i].start; at < ranges[i].end; at += scan->page) {
			scan->address[scan->count++] = at;
			if (scan->count == BATCH && flush(scan, ret_zero, ret_other, err) < 0)
				return -1;
		}
	}
	return scan->count ? flush(scan, ret_zero, ret_other, err) : 0;
}
