/* SPDX-License-Identifier: MIT */
/* Which pages of a process hold nothing but zeros, and need not be saved. */
#ifndef PIMAGE_DUMP_ZEROS_H
#define PIMAGE_DUMP_ZEROS_H

struct err;
struct memory;
struct memory_ranges;
struct target;

/*
 * Divides pages of its private memory, ascending, through its snapshot if it has one. Small mappings are searched, large ones
 * where a sample has found some: elsewhere single pages of zeros may be taken for others, and are saved as such.
 */
int zeros_find(const struct memory *memory, const struct target *from,
	       const struct memory_ranges *pages, struct memory_ranges *ret_zero,
	       struct memory_ranges *ret_other, struct err *err);

#endif
