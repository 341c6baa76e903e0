/* SPDX-License-Identifier: MIT */
#include "cli/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Address space; memory is taken as it is used. */
#define ROOM ((size_t)64 << 20)
#define HUGE ((size_t)2 << 20)
/* More than is free when a program starts, so that it comes from new room; less than what gets a mapping of its own. */
#define PROBE ((size_t)1 << 20)

struct heap heap_prepare(void)
{
	uintptr_t first, start, end;
	struct heap heap;
	void *probe;

	/* Buffers of a megabyte and threads use the same heap, and what is freed stays. */
	mallopt(M_MMAP_THRESHOLD, (int)(ROOM / 2)); /* glibc takes no more */
	mallopt(M_TRIM_THRESHOLD, (int)(4 * ROOM));
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, (int)ROOM);
	probe = malloc(PROBE);
	mallopt(M_TOP_PAD, (int)PROBE);
	first = (uintptr_t)probe;
	free(probe);
	/* No small pages are there: the end of the probe was touched. */
	start = (first + PROBE + 2 * HUGE - 1) & ~(HUGE - 1);
	end = (uintptr_t)sbrk(0) & ~(HUGE - 1);
	/* Elsewhere than at the break, of another libc, say. */
	if (!first || end <= start || end - start > ROOM)
		return (struct heap){ 0 };
	heap = (struct heap){ (void *)start, end - start };
	madvise(heap.start, heap.size, MADV_HUGEPAGE);
	/* What comes before is left alone: nobody writes to it, so it costs nothing. */
	probe = malloc(start - first + 1);
	return probe ? heap : (struct heap){ 0 };
}

void heap_inherit(const struct heap *heap, bool inherit)
{
	if (heap->size)
		madvise(heap->start, heap->size, inherit ? MADV_DOFORK : MADV_DONTFORK);
}
