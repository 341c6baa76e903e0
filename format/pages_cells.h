/* SPDX-License-Identifier: MIT */
/* Buffers of one frame each, used again and again while they are warm in the caches. For pages_queue only. */
#ifndef PIMAGE_PAGES_CELLS_H
#define PIMAGE_PAGES_CELLS_H

#include <stddef.h>
#include <stdint.h>

struct slab;

/* Zeroed, but for .limit, is empty. */
struct page_cells {
	size_t limit; /* how many there may be */
	size_t made;
	uint8_t **free; /* a stack */
	size_t n_free;
	struct slab *slabs;
};

/* Room for PAGES_FRAME_MAX bytes; NULL: all are taken, or there is no memory. */
uint8_t *page_cell_take(struct page_cells *cells);
void page_cell_give(struct page_cells *cells, uint8_t *cell);
void page_cells_done(struct page_cells *cells);

#endif
