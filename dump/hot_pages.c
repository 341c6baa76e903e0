/* SPDX-License-Identifier: MIT */
#include "dump/hot_pages.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image.h"
#include "format/memory.h"
#include "format/pimage.h"

#include <stdlib.h>

/* What lies closer together comes together: pages are read by whole frames, and a list of single pages would be long. */
#define NEAR (64UL << 10)

static int add_range(struct memory *memory, uint64_t start, uint64_t end, struct err *err)
{
	struct range *last =
		memory->n_working_set ? &memory->working_set[memory->n_working_set - 1] : NULL;

	if (last && start <= last->end + NEAR) {
		if (end > last->end)
			last->end = end;
		return 0;
	}
	last = LIST_ADD(memory, working_set, err);
	if (!last)
		return -1;
	*last = (struct range){ start, end };
	return 0;
}

int hot_pages_add(struct image *image, struct memory *memory, const struct memory_ranges *written,
		  struct err *err)
{
	_cleanup_ranges_ struct memory_ranges all = { 0 };

	for (size_t i = 0; i < memory->n_working_set; i++)
		if (memory_ranges_add(&all, memory->working_set[i].start,
				      memory->working_set[i].end, err) < 0)
			return -1;
	for (size_t i = 0; i < written->count; i++)
		if (memory_ranges_add(&all, written->list[i].start, written->list[i].end, err) < 0)
			return -1;
	if (!all.count)
		return 0;
	memory_ranges_sort(&all);
	free(memory->working_set);
	memory->working_set = NULL;
	memory->n_working_set = 0;
	for (size_t i = 0; i < all.count; i++)
		if (add_range(memory, all.list[i].start, all.list[i].end, err) < 0)
			return -1;
	return pimage_require(IMAGE_GET(image, pimage, 0, 0), FEATURE_WORKING_SET, err);
}
