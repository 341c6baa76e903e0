/* SPDX-License-Identifier: MIT */
#include "dump/thin.h"

#include "dump/range_lists.h"
#include "format/cleanup.h"
#include "format/memory.h"

static size_t count(const struct memory *memory)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->n_vmas; i++)
		n += memory->vmas[i].n_saved + memory->vmas[i].n_previous;
	return n;
}

/* Those of at most so many bytes. */
static int save_short(struct vma *vma, uint64_t bytes, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges pages = { 0 };

	for (size_t i = 0; i < vma->n_previous; i++) {
		const struct range *range = &vma->previous[i];

		if (range->end - range->start <= bytes &&
		    memory_ranges_add(&pages, range->start, range->end, err) < 0)
			return -1;
	}
	return range_list_move(&pages, &vma->previous, &vma->n_previous, &vma->saved, &vma->n_saved,
			       err);
}

int memory_thin(struct memory *memory, size_t most, struct err *err)
{
	for (uint64_t bytes = 4096; count(memory) > most; bytes *= 2) {
		size_t left = 0;

		for (size_t i = 0; i < memory->n_vmas; i++) {
			if (save_short(&memory->vmas[i], bytes, err) < 0)
				return -1;
			left += memory->vmas[i].n_previous;
		}
		if (!left)
			return 0;
	}
	return 0;
}
