/* SPDX-License-Identifier: MIT */
/* Huge pages for memory that is about to be filled: a page fault for 2 MiB instead of 512 of them. */
#ifndef PIMAGE_COLLAPSE_H
#define PIMAGE_COLLAPSE_H

#include "format/memory.h"
#include "restore/canvas.h"

/* Walks over the blocks of a process, ascending. Zeroed but for memory and size it stands at the beginning. */
struct collapse {
	const struct memory *memory;
	uint64_t size; /* of a huge page; 0: none are made */
	size_t vma;
	size_t range;
	uint64_t at;
	bool tried; /* that it is worth it */
};

/*
 * The next block below `limit` of which every page is saved, so that no memory is taken that the process did not have; in private
 * anonymous memory that may have huge pages.
 */
bool collapse_next(struct collapse *collapse, uint64_t limit, uint64_t *ret_start);

/*
 * Makes huge pages of all such blocks, which are mapped and empty. No advice is left behind. Where the kernel cannot or will not, memory stays as it is, and
 * that is no failure. So it does where it takes longer than faults for ordinary pages: in a virtual machine large free blocks are those that
 * the host has taken back.
 */
int collapse_run(struct collapse *collapse, struct canvas *canvas, uint64_t limit, struct err *err);

#endif
