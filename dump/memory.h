/* SPDX-License-Identifier: MIT */
/* Which pages of a private mapping are saved, and which of them a forked copy would not have. */
#ifndef PIMAGE_DUMP_MEMORY_H
#define PIMAGE_DUMP_MEMORY_H

#include "format/memory.h"

struct err;
struct process_memory;
struct scan_ahead;
struct target;

/* Whether its private pages are not, or not for long, in a copy made by fork(2). */
bool vma_lost_by_fork(const struct vma *vma);

/*
 * Of those mappings, and those only: leaves out of .saved the pages that hold nothing but zeros; where
 * a file is behind them they go to .zero. For the others it is done when a dump is settled.
 */
int memory_sift_lost(struct memory *memory, const struct target *from, struct err *err);

/* The pages and guard pages of mappings that a copy has, which were not collected of a target that is late: see scan_ahead_take. */
int memory_collect_late(struct memory *memory, const struct process_memory *from,
			struct scan_ahead *ahead, struct err *err);

#endif
