/* SPDX-License-Identifier: MIT */
#include "restore/wanted.h"

#include <stdlib.h>

static int add(struct wanted *wanted, const struct range *ranges, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct range *range = LIST_ADD(wanted, ranges, err);

		if (!range)
			return -1;
		*range = ranges[i];
	}
	return 0;
}

static bool leads_to_others(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].n_previous)
			return true;
	return false;
}

int wanted_of(const struct memory *memory, struct wanted *ret_wanted, struct err *err)
{
	struct wanted wanted = { 0 };
	int ret = add(&wanted, memory->working_set, memory->n_working_set, err);
	size_t n = leads_to_others(memory) ? memory->n_vmas : 0;

	for (size_t i = 0; ret == 0 && i < n; i++)
		ret = add(&wanted, memory->vmas[i].saved, memory->vmas[i].n_saved, err);
	if (ret < 0)
		wanted_done(&wanted);
	else
		*ret_wanted = wanted;
	return ret;
}

void wanted_done(struct wanted *wanted)
{
	free(wanted->ranges);
	*wanted = (struct wanted){ 0 };
}

bool wanted_next(struct wanted *wanted, const struct pending *pending, uint64_t *ret_address)
{
	for (; wanted->next < wanted->n_ranges; wanted->next++, wanted->from = 0) {
		const struct range *range = &wanted->ranges[wanted->next];
		uint64_t from = wanted->from > range->start ? wanted->from : range->start;
		size_t i = pending_find(pending, from);

		if (i == pending->n_runs || pending->runs[i].start >= range->end)
			continue;
		if (pending->runs[i].start > from)
			from = pending->runs[i].start;
		wanted->from = from;
		*ret_address = from;
		return true;
	}
	return false;
}
