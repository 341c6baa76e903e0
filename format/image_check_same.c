/* SPDX-License-Identifier: MIT */
/* Pages that processes have in common at whatever address: another one, before, has each of them. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"

#include "format/image_check.h"

#include <stdlib.h>

static bool overlaps(const struct range *ranges, size_t n, const struct range *range)
{
	const struct range *next = ranges_find(ranges, n, range->start);

	return next && next->start < range->end;
}

/* What a page is, it is alone. */
static bool is_twice(const struct vma *vma, const struct range *range)
{
	return overlaps(vma->saved, vma->n_saved, range) ||
	       overlaps(vma->inherited, vma->n_inherited, range) ||
	       overlaps(vma->previous, vma->n_previous, range) ||
	       overlaps(vma->zero, vma->n_zero, range) || overlaps(vma->guard, vma->n_guard, range);
}

static int check_place(const struct vma *vma, const struct same *row, uint64_t last,
		       uint64_t page_size, struct err *err)
{
	const struct range *r = &row->range;

	if (r->start < last || r->start >= r->end || r->end > vma->range.end)
		return err_set(err, ERR_IMAGE,
			       "0x%lx-0x%lx is out of order or outside of 0x%lx-0x%lx", r->start,
			       r->end, vma->range.start, vma->range.end);
	if (r->start % page_size || r->end % page_size || row->address % page_size)
		return err_set(err, ERR_IMAGE,
			       "0x%lx-0x%lx at 0x%lx does not consist of whole pages", r->start,
			       r->end, row->address);
	if (row->address + (r->end - r->start) < row->address)
		return err_set(err, ERR_IMAGE, "0x%lx is no place in a process", row->address);
	return is_twice(vma, r) ? err_set(err, ERR_IMAGE, "0x%lx-0x%lx is also in another list",
					  r->start, r->end)
				: 0;
}

/* Of one that has the page itself, or has it of its parent or of the image before: that ends, and costs little to follow. */
static const struct range *provided(const struct memory *memory, uint64_t address)
{
	const struct vma *vma = memory_find(memory, address);
	const struct same *same;

	if (!vma || address < vma->range.start || !vma_is_private(vma))
		return NULL;
	same = same_find(vma->same, vma->n_same, address);
	return same && same->range.start <= address ? NULL : vma_stored(vma, address);
}

static int check_row(const struct same *row, const struct memory *there, struct err *err)
{
	uint64_t end = row->address + (row->range.end - row->range.start);

	for (uint64_t at = row->address; at < end;) {
		const struct range *range = provided(there, at);

		if (!range)
			return err_set(err, ERR_IMAGE, "process %u has no page 0x%lx itself",
				       row->process, at);
		at = range->end;
	}
	return 0;
}

/* Where processes stand among all, by number. */
struct standing {
	uint32_t pid;
	size_t index;
};

static int compare(const void *a, const void *b)
{
	const struct standing *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct standing *sort_pids(const struct pimage *pimage, struct err *err)
{
	struct standing *list = calloc(pimage->n_pids, sizeof(*list));

	if (!list) {
		err_sys(err, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < pimage->n_pids; i++)
		list[i] = (struct standing){ pimage->pids[i], i };
	qsort(list, pimage->n_pids, sizeof(*list), compare);
	return list;
}

struct order {
	const struct image *image;
	struct standing *list;
	size_t n;
};

/* NULL: it is not among the first `limit`. */
static const struct memory *before(const struct order *order, size_t limit, uint32_t pid)
{
	const struct standing wanted = { .pid = pid };
	const struct standing *found =
		bsearch(&wanted, order->list, order->n, sizeof(wanted), compare);

	return found && found->index < limit ? IMAGE_GET(order->image, memory, pid, 0) : NULL;
}

static int check_vma(const struct order *order, const struct vma *vma, size_t index,
		     struct err *err)
{
	uint64_t page_size = IMAGE_GET(order->image, pimage, 0, 0)->page_size;
	const struct memory *there = NULL;
	uint64_t last = vma->range.start;

	if (vma->n_same && !vma_is_private(vma))
		return err_set(err, ERR_IMAGE, "same: it has no pages of its own");
	for (size_t i = 0; i < vma->n_same; i++) {
		const struct same *row = &vma->same[i];

		/* Rows of one process mostly follow one another. */
		if (!i || row->process != row[-1].process)
			there = before(order, index, row->process);
		if (!there)
			return err_set(err, ERR_IMAGE,
				       "same[%zu].process: %u does not come before it in $.pids", i,
				       row->process);
		if (check_place(vma, row, last, page_size, err) < 0 ||
		    check_row(row, there, err) < 0)
			return err_prefix(err, "same[%zu]", i);
		last = row->range.end;
	}
	return 0;
}

static bool is_used(const struct image *image)
{
	IMAGE_EACH (image, memory, memory)
		for (size_t i = 0; i < memory->n_vmas; i++)
			if (memory->vmas[i].n_same)
				return true;
	return false;
}

int check_same(const struct image *image, const struct pimage *pimage, struct err *err)
{
	_cleanup_free_ struct standing *list = NULL;
	struct order order = { .image = image, .n = pimage->n_pids };

	if (!is_used(image))
		return 0;
	order.list = list = sort_pids(pimage, err);
	if (!list)
		return -1;
	for (size_t i = 0; i < pimage->n_pids; i++) {
		const struct memory *memory = IMAGE_GET(image, memory, pimage->pids[i], 0);

		for (size_t k = 0; k < memory->n_vmas; k++)
			if (check_vma(&order, &memory->vmas[k], i, err) < 0)
				return err_prefix(err, "processes/%u/memory.json: $.vmas[%zu]",
						  pimage->pids[i], k);
	}
	return 0;
}
