/* SPDX-License-Identifier: MIT */
#include "cli/heap.h"

#include "format/cleanup.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	HUGE_PAGE = 2 << 20, /* of most architectures; a multiple elsewhere wastes nothing either */
	ROOM = 64 << 20,     /* of addresses; more than most dumps need */
	OWN_MAPPING = 4 << 20, /* from this size on a block is given back when it is freed */
};

/*
 * A page fault costs from half a microsecond to, on some virtual machines, thirty; a huge page is had by one, for 512. glibc has that as a tunable of
 * the environment only (glibc.malloc.hugetlb=1), which is read before main. Its heap is what sbrk(2) gives, and goes on behind what others took.
 */
void heap_prepare(void)
{
	uintptr_t start = ((uintptr_t)sbrk(0) + HUGE_PAGE - 1) & -(uintptr_t)HUGE_PAGE;
	_cleanup_free_ void *first = NULL;
	int error = errno;

	mallopt(M_TOP_PAD, ROOM);
	mallopt(M_TRIM_THRESHOLD, 2 * ROOM);
	mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
	if (sbrk((intptr_t)(start - (uintptr_t)sbrk(0))) != (void *)-1)
		first = malloc(OWN_MAPPING - HUGE_PAGE);
	if ((uintptr_t)sbrk(0) > start)
		madvise((void *)start, (uintptr_t)sbrk(0) - start, MADV_HUGEPAGE);
	errno = error;
}
