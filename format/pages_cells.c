/* SPDX-License-Identifier: MIT */
#include "format/pages_cells.h"

#include "format/pages.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	CELL = PAGES_FRAME_MAX + 4096 - PAGES_FRAME_MAX % 4096,
	SLAB_SIZE = 8 << 20,
	SLAB_CELLS = SLAB_SIZE / CELL,
};

struct slab {
	struct slab *next;
	void *memory;
};

static int add_slab(struct page_cells *cells)
{
	size_t room = (cells->made / SLAB_CELLS + 1) * SLAB_CELLS;
	struct free_cell *bigger = realloc(cells->free, room * sizeof(*bigger));
	struct slab *slab = malloc(sizeof(*slab));
	void *memory;

	if (bigger)
		cells->free = bigger;
	if (!bigger || !slab) {
		free(slab);
		return -1;
	}
	memory = mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		free(slab);
		return -1;
	}
	/* Who needs more than one needs much: most of the cost is to fault it in. */
	if (cells->slabs)
		madvise(memory, SLAB_SIZE, MADV_HUGEPAGE);
	*slab = (struct slab){ cells->slabs, memory };
	cells->slabs = slab;
	return 0;
}

enum { ANYBODY = UINT_MAX };

static uint8_t *take_free(struct page_cells *cells, unsigned worker)
{
	for (size_t i = cells->n_free; i-- > 0;) {
		struct free_cell cell = cells->free[i];

		if (worker != ANYBODY && cell.worker != worker)
			continue;
		cells->free[i] = cells->free[--cells->n_free];
		return cell.at;
	}
	return NULL;
}

static uint8_t *take_new(struct page_cells *cells)
{
	size_t used = cells->made % SLAB_CELLS;

	if (cells->made >= cells->limit || (used == 0 && add_slab(cells) < 0))
		return NULL;
	cells->made++;
	return (uint8_t *)cells->slabs->memory + used * CELL;
}

uint8_t *page_cell_take(struct page_cells *cells, unsigned worker)
{
	uint8_t *cell = take_free(cells, worker);

	if (!cell)
		cell = take_free(cells, ANYBODY);
	return cell ? cell : take_new(cells);
}

void page_cell_give(struct page_cells *cells, uint8_t *cell, unsigned worker)
{
	cells->free[cells->n_free++] = (struct free_cell){ cell, worker };
}

void page_cells_done(struct page_cells *cells)
{
	while (cells->slabs) {
		struct slab *next = cells->slabs->next;

		munmap(cells->slabs->memory, SLAB_SIZE);
		free(cells->slabs);
		cells->slabs = next;
	}
	free(cells->free);
	*cells = (struct page_cells){ 0 };
}
