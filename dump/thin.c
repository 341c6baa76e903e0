/* SPDX-License-Identifier: MIT */
#include "dump/thin.h"

#include "dump/range_lists.h"
#include "format/cleanup.h"
#include "format/memory.h"

/* Of all lists that a record has, those that others are made of among them. */
static size_t count(const struct memory *memory)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		n += vma->n_saved + vma->n_previous + vma->n_inherited + vma->n_zero;
	}
	return n;
}

/* How many there would be if all pages of the image before were saved once more. */
static int count_least(const struct memory *memory, size_t *ret_n, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];
		_cleanup_ranges_ struct memory_ranges all = { 0 };

		if (range_list_add_to(&all, vma->saved, vma->n_saved, err) < 0 ||
		    range_list_add_to(&all, vma->previous, vma->n_previous, err) < 0)
			return -1;
		memory_ranges_sort(&all);
		n += all.count + vma->n_inherited + vma->n_zero;
	}
	*ret_n = n;
	return 0;
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
	size_t least;

	if (count(memory) <= most)
		return 0;
	/* In vain: the image would only become larger. */
	if (count_least(memory, &least, err) < 0)
		return -1;
	if (least > most)
		return 0;
	for (uint64_t bytes = 4096; count(memory) > most; bytes *= 2)
		for (size_t i = 0; i < memory->n_vmas; i++)
			if (save_short(&memory->vmas[i], bytes, err) < 0)
				return -1;
	return 0;
}
