/* SPDX-License-Identifier: MIT */
/* What is left to do with an address space once its pages have come. */
#ifndef PIMAGE_RESTORE_MEMORY_H
#define PIMAGE_RESTORE_MEMORY_H

#include "format/memory.h"
#include "restore/canvas.h"

/* Protections, advice, locks, guard pages, names, and the marks of the layout. */
int memory_finish(struct canvas *canvas, const struct memory *memory, struct err *err);

/* Maps anonymous shared memory once per object and at every place that has a part of it. */
int shared_map(struct restore *restore, struct canvas *canvas, const struct memory *memory,
	       struct err *err);

#endif
