/* SPDX-License-Identifier: MIT */
#include "dump/elders.h"

#include "format/cleanup.h"
#include "kernel/processes.h"

#include <stdlib.h>
#include <string.h>

struct sibling {
	pid_t parent;
	pid_t pid;
	uint64_t started;
	size_t place; /* in the list */
};

static int by_parent(const void *a, const void *b)
{
	const struct sibling *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_place(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The first of those that come before: behind the gap that the other numbers have left; n: there is none. */
static size_t find_gap(const struct sibling *siblings, size_t n, uint32_t pid_max)
{
	size_t gap = n;

	for (size_t i = 1; i < n; i++)
		if ((uint32_t)(siblings[i].pid - siblings[i - 1].pid) > pid_max / 2)
			gap = i;
	return gap;
}

/* Such a gap may be there by chance, too. Who is born within one tick of the clock has the same time. */
static bool are_elder(const struct sibling *siblings, size_t n, size_t gap)
{
	uint64_t first = UINT64_MAX, last = 0, then = UINT64_MAX, end = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t *low = i < gap ? &then : &first, *high = i < gap ? &end : &last;

		*low = siblings[i].started < *low ? siblings[i].started : *low;
		*high = siblings[i].started > *high ? siblings[i].started : *high;
	}
	return last <= then && first < end;
}

static void change_places(const struct sibling *siblings, size_t n, size_t gap, size_t *places,
			  size_t *order)
{
	for (size_t i = 0; i < n; i++)
		places[i] = siblings[i].place;
	qsort(places, n, sizeof(*places), by_place);
	for (size_t i = 0; i < n; i++)
		order[places[i]] = siblings[(gap + i) % n].place;
}

int elders_first(const pid_t *pids, size_t n, const struct processes *all, uint32_t pid_max,
		 size_t *ret_order)
{
	_cleanup_free_ struct sibling *siblings = calloc(n + 1, sizeof(*siblings));
	_cleanup_free_ size_t *places = calloc(n + 1, sizeof(*places));
	size_t count = 0, end;

	if (!siblings || !places)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct process_entry *entry = processes_find(all, pids[i]);

		ret_order[i] = i;
		if (entry)
			siblings[count++] =
				(struct sibling){ entry->parent, pids[i], entry->started, i };
	}
	qsort(siblings, count, sizeof(*siblings), by_parent);
	for (size_t first = 0; first < count; first = end) {
		const struct sibling *of_one = &siblings[first];
		size_t gap;

		for (end = first; end < count && siblings[end].parent == of_one->parent;)
			end++;
		gap = find_gap(of_one, end - first, pid_max);
		if (gap < end - first && are_elder(of_one, end - first, gap))
			change_places(of_one, end - first, gap, places, ret_order);
	}
	return 0;
}
