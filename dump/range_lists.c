/* SPDX-License-Identifier: MIT */
#include "dump/range_lists.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <stdlib.h>

int range_list_add_to(struct memory_ranges *ranges, const struct range *list, size_t n,
		      struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (memory_ranges_add(ranges, list[i].start, list[i].end, err) < 0)
			return -1;
	return 0;
}

int range_list_set(struct range **list, size_t *n, const struct memory_ranges *ranges,
		   struct err *err)
{
	free(*list);
	*list = NULL;
	*n = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		struct range *range = list_add((void **)list, n, sizeof(*range), err);

		if (!range)
			return -1;
		*range = (struct range){ ranges->list[i].start, ranges->list[i].end };
	}
	return 0;
}

int range_list_move(const struct memory_ranges *pages, struct range **from, size_t *n_from,
		    struct range **to, size_t *n_to, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges all = { 0 }, in = { 0 }, out = { 0 };

	if (range_list_add_to(&all, *from, *n_from, err) < 0 ||
	    memory_ranges_split(&all, pages, &in, &out, err) < 0)
		return -1;
	if (!in.count)
		return 0;
	if (range_list_add_to(&in, *to, *n_to, err) < 0)
		return -1;
	memory_ranges_sort(&in);
	if (range_list_set(from, n_from, &out, err) < 0)
		return -1;
	return range_list_set(to, n_to, &in, err);
}
