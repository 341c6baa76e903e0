/* SPDX-License-Identifier: MIT */
/* Looking for pages of zeros with several threads, each in a part of the ranges. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/together.h"
#include "kernel/memory.h"

typedef int look_fn(const struct process_memory *memory, const struct memory_range *ranges,
		    size_t count, struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		    struct err *err);

/* Less than this is done before a thread has started. */
#define SHARE_MIN	 (UINT64_C(16) << 20)
#define SHARE_MIN_SAMPLE (UINT64_C(128) << 20)

struct share {
	look_fn *look;
	const struct process_memory *memory;
	struct memory_ranges ranges, zero, other;
	int result;
	struct err err;
};

typedef struct share all_shares[TOGETHER_MAX];

static void cleanup_shares(all_shares *shares)
{
	for (unsigned i = 0; i < TOGETHER_MAX; i++) {
		memory_ranges_release(&(*shares)[i].ranges);
		memory_ranges_release(&(*shares)[i].zero);
		memory_ranges_release(&(*shares)[i].other);
	}
}

static void look(void *shares, size_t index)
{
	struct share *share = (struct share *)shares + index;

	share->result = share->look(share->memory, share->ranges.list, share->ranges.count,
				    &share->zero, &share->other, &share->err);
}

static uint64_t size_of(const struct memory_range *ranges, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += ranges[i].end - ranges[i].start;
	return size;
}

/* Parts of about the same size, in order; all borders are those of 2 MiB or of the ranges. */
static int deal(struct share *shares, unsigned n, const struct memory_range *ranges, size_t count,
		struct err *err)
{
	const uint64_t step = UINT64_C(2) << 20;
	uint64_t each = size_of(ranges, count) / n + step, room = each;
	unsigned share = 0;

	for (size_t i = 0; i < count; i++)
		for (uint64_t at = ranges[i].start, end; at < ranges[i].end; at = end) {
			end = (at & -step) + step;
			if (end > ranges[i].end)
				end = ranges[i].end;
			if (end - at > room && share + 1 < n) {
				share++;
				room = each;
			}
			room -= end - at < room ? end - at : room;
			if (memory_ranges_add(&shares[share].ranges, at, end, err) < 0)
				return -1;
		}
	return 0;
}

static int append(struct memory_ranges *to, const struct memory_ranges *from, struct err *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (memory_ranges_add(to, from->list[i].start, from->list[i].end, err) < 0)
			return -1;
	return 0;
}

static int look_by(look_fn *what, uint64_t share_min, unsigned threads,
		   const struct process_memory *memory, const struct memory_range *ranges,
		   size_t count, struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		   struct err *err)
{
	_cleanup_(cleanup_shares) all_shares shares = { 0 };
	uint64_t most = size_of(ranges, count) / share_min;

	threads = threads < TOGETHER_MAX ? threads : TOGETHER_MAX;
	threads = threads < most ? threads : (unsigned)most;
	if (threads < 2)
		return what(memory, ranges, count, ret_zero, ret_other, err);
	if (deal(shares, threads, ranges, count, err) < 0)
		return -1;
	for (unsigned i = 0; i < threads; i++) {
		shares[i].look = what;
		shares[i].memory = memory;
	}
	together(threads, threads, look, shares);
	for (unsigned i = 0; i < threads; i++) {
		if (shares[i].result < 0) {
			if (err)
				*err = shares[i].err;
			return -1;
		}
		if (append(ret_zero, &shares[i].zero, err) < 0 ||
		    append(ret_other, &shares[i].other, err) < 0)
			return -1;
	}
	return 0;
}

int memory_zero_suspects_by(unsigned threads, const struct process_memory *memory,
			    const struct memory_range *ranges, size_t count,
			    struct memory_ranges *ret_suspect, struct memory_ranges *ret_other,
			    struct err *err)
{
	return look_by(memory_zero_suspects, SHARE_MIN_SAMPLE, threads, memory, ranges, count,
		       ret_suspect, ret_other, err);
}

int memory_zero_pages_by(unsigned threads, const struct process_memory *memory,
			 const struct memory_range *ranges, size_t count,
			 struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
			 struct err *err)
{
	return look_by(memory_zero_pages, SHARE_MIN, threads, memory, ranges, count, ret_zero,
		       ret_other, err);
}
