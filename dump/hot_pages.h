/* SPDX-License-Identifier: MIT */
/* The working set of a process, as far as a dump knows it: the pages that it has just written. */
#ifndef PIMAGE_DUMP_HOT_PAGES_H
#define PIMAGE_DUMP_HOT_PAGES_H

#include "kernel/memory.h"

struct err;
struct image;
struct memory;

/* Adds ranges, in any order, to the working set in the record of a process of the image. */
int hot_pages_add(struct image *image, struct memory *memory, const struct memory_ranges *written,
		  struct err *err);

#endif
