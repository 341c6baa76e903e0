/* SPDX-License-Identifier: MIT */
/* Pages that children have in common with their parent since they were forked. */
#ifndef PIMAGE_DUMP_INHERITED_H
#define PIMAGE_DUMP_INHERITED_H

#include "dump/dump.h"

struct err;

/*
 * The pages of each child of the target that are as the target's own at the same addresses, by their contents: whether
 * the kernel has them as the same pages no one may ask, and no program can see. The target is settled, the children are
 * not. ret_ranges has an element, still empty, for each of dump->targets.
 */
int inherited_find(const struct dump *dump, const struct target *target,
		   struct memory_ranges *ret_ranges, struct err *err);

#endif
