/* SPDX-License-Identifier: MIT */
/* Buffers of one frame each, used again and again while they are warm in the caches. For pages_queue only. */
#ifndef PIMAGE_PAGES_CELLS_H
#define PIMAGE_PAGES_CELLS_H

#include <stddef.h>
#include <stdint.h>

struct slab;

struct free_cell {
	uint8_t *at;
	unsigned worker; /* who has used it last, in whose caches it is */
};

/* Zeroed, but for .limit, is empty. */
struct page_cells {
	size_t limit; /* how many there may be */
	size_t made;
	struct free_cell *free; /* a stack */
	size_t n_free;
	struct slab *slabs;
};

/* Room for PAGES_FRAME_MAX bytes, best one that the worker has used last; NULL: all are taken, or there is no memory. */
uint8_t *page_cell_take(struct page_cells *cells, unsigned worker);
void page_cell_give(struct page_cells *cells, uint8_t *cell, unsigned worker);
void page_cells_done(struct page_cells *cells);

#endif
