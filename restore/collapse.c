/* SPDX-License-Identifier: MIT */
#include "restore/collapse.h"

#include "kernel/compat.h"

#include <sys/mman.h>
#include <time.h>

enum {
	BLOCKS_TO_TRY = 4,
	/* So many are made for nothing when the last free ones at hand are gone: 9 ms each where the host has to give the memory. */
	BLOCKS_AT_ONCE = 8,
	/* A block of 512 ordinary pages costs so much more than a huge page that is at hand: 370 ms per GiB. */
	BLOCK_NS = 700000,
};

static bool may_be_huge(const struct vma *vma)
{
	return vma->kind == VMA_ANONYMOUS && !(vma->advice & ADVICE_NOHUGEPAGE) &&
	       !(vma->flags & (VMA_SHARED | VMA_GROWS_DOWN | VMA_HUGETLB | VMA_DROPPABLE));
}

static void next_range(struct collapse *collapse)
{
	collapse->range++;
	collapse->at = 0;
}

bool collapse_next(struct collapse *collapse, uint64_t limit, uint64_t *ret_start)
{
	const struct memory *memory = collapse->memory;

	while (collapse->size && collapse->vma < memory->n_vmas) {
		const struct vma *vma = &memory->vmas[collapse->vma];
		const struct range *range = &vma->saved[collapse->range];
		uint64_t start;

		if (!may_be_huge(vma) || collapse->range == vma->n_saved) {
			collapse->vma++;
			collapse->range = 0;
			collapse->at = 0;
			continue;
		}
		start = collapse->at ? collapse->at
				     : (range->start + collapse->size - 1) & -collapse->size;
		if (start >= limit)
			return false;
		if (start < range->start || start >= range->end ||
		    range->end - start < collapse->size) {
			next_range(collapse);
			continue;
		}
		collapse->at = start + collapse->size;
		*ret_start = start;
		return true;
	}
	return false;
}

/* One page of each block has to be there, or the kernel finds nothing to collapse. */
static size_t push_run(struct remote_batch *batch, uint64_t start, uint64_t end, uint64_t size)
{
	for (uint64_t at = start; at < end; at += size)
		remote_push(batch, REMOTE_CALL(madvise, at, 4096, MADV_POPULATE_WRITE));
	return remote_push(batch, REMOTE_CALL(madvise, start, end - start, MADV_COLLAPSE));
}

/* At most `max` blocks. Returns how many; the index of the last call is that of a collapse. */
static size_t push_blocks(struct collapse *collapse, uint64_t limit, size_t max,
			  struct remote_batch *batch, size_t *ret_last)
{
	uint64_t start = 0, end = 0, next;
	size_t n = 0;

	while (n < max && collapse_next(collapse, limit, &next)) {
		if (end && next != end) {
			push_run(batch, start, end, collapse->size);
			end = 0;
		}
		start = end ? start : next;
		end = next + collapse->size;
		n++;
	}
	if (end)
		*ret_last = push_run(batch, start, end, collapse->size);
	return n;
}

/* Processor time of the process, in nanoseconds: others may have kept it waiting. */
static uint64_t time_of(pid_t pid)
{
	struct timespec time = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int collapse_run(struct collapse *collapse, struct canvas *canvas, uint64_t limit, struct err *err)
{
	for (;;) {
		_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
		uint64_t before = time_of(canvas->pid);
		size_t max = collapse->tried ? BLOCKS_AT_ONCE : BLOCKS_TO_TRY, last = 0, n;

		n = push_blocks(collapse, limit, max, batch, &last);
		if (!n)
			return 0;
		if (canvas_run(canvas, batch, err) < 0)
			return -1;
		collapse->tried = true;
		/* The same will not go any better with the rest. */
		if (remote_result(batch, last) < 0 || time_of(canvas->pid) - before > n * BLOCK_NS)
			collapse->size = 0;
	}
}
