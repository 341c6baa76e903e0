/* SPDX-License-Identifier: MIT */
/* Where the heap of a program comes from. */
#ifndef PIMAGE_HEAP_H
#define PIMAGE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Of the heap what is surely in use for nothing but malloc(3); size 0: nothing is known. */
struct heap {
	void *start;
	size_t size;
};

/*
 * First of all in main: has the heap made of huge pages. Small ones come one by one, each by a fault and an entry in a page table, which on a
 * virtual machine take 20 microseconds and more; a huge one takes as long as a dozen. Where there are none nothing changes.
 */
struct heap heap_prepare(void);

/*
 * Whether a process that is forked from now on gets a copy of it. One that does not must use nothing that was allocated; it is born sooner,
 * and what the parent writes to afterwards is not copied for its sake.
 */
void heap_inherit(const struct heap *heap, bool inherit);

#endif
