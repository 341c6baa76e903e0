/* SPDX-License-Identifier: MIT */
/* Free stretches of an address space. */
#ifndef PIMAGE_GAP_H
#define PIMAGE_GAP_H

#include "format/memory.h"
#include "kernel/proc_maps.h"

/*
 * Room for `size` bytes that neither the mappings that are there nor those that will be use, well apart from all of them, so
 * that no stack grows into it. `taken` (may be empty) is left alone too. Fails when there is none.
 */
int gap_find(const struct maps *maps, const struct memory *memory, struct range taken,
	     uint64_t size, struct range *ret_gap, struct err *err);

bool range_overlaps(struct range a, struct range b);

#endif
