/* SPDX-License-Identifier: MIT */
/* Pages of a process that stands still, kept in memory so that it need not stand longer: without their zeros, of which stacks mostly are. */
#ifndef PIMAGE_DUMP_HELD_H
#define PIMAGE_DUMP_HELD_H

#include "kernel/memory.h"

struct err;
struct held;

enum { HELD_RELATIVES = 2 };

/*
 * Reads the ranges (ascending, whole pages), by as few calls as there are ranges, and of many by up to so many threads. Pages that are as those at the same address of one of the relatives,
 * which stay as long, or NULL, take no memory.
 */
int held_new(const struct process_memory *from, const struct memory_ranges *ranges,
	     const struct held *const relatives[HELD_RELATIVES], unsigned threads,
	     struct held **ret_held, struct err *err);
/* Accepts NULL. */
void held_free(struct held *held);

/* All of it must be there. Several threads may read at once. */
int held_read(const struct held *held, uint64_t address, void *buffer, size_t size,
	      struct err *err);

/* As memory_zero_pages. */
int held_zero_pages(const struct held *held, const struct memory_range *ranges, size_t count,
		    struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		    struct err *err);

/* Bytes of pages that it has for itself. */
size_t held_size(const struct held *held);

#endif
