/* SPDX-License-Identifier: MIT */
/* Address spaces, from the canvas that is cleared to the marks of the layout. */
#ifndef PIMAGE_RESTORE_MEMORY_H
#define PIMAGE_RESTORE_MEMORY_H

#include "format/memory.h"
#include "restore/canvas.h"

struct restore;

/* Maps every VMA where it was, to be filled, and nothing else; with it come the pages that it inherits. The remote stands aside from then on. */
int memory_map(struct restore *restore, struct canvas *canvas, struct err *err);

/* Pages that are there, with nothing but zeros. */
int memory_blank(struct canvas *canvas, const struct memory *memory, struct err *err);

/* When the pages have come: protections, advice, locks, guard pages, names, and the marks of the layout. */
int memory_finish(struct canvas *canvas, const struct memory *memory, struct err *err);

/* Maps anonymous shared memory once per object and at every place that has a part of it. */
int shared_map(struct restore *restore, struct canvas *canvas, const struct memory *memory,
	       struct err *err);

#endif
