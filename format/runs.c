/* SPDX-License-Identifier: MIT */
#include "format/runs.h"
#include "format/search.h"

#include <stdlib.h>

int runs_add(struct runs *runs, const struct range *ranges, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct run *run = LIST_ADD(runs, runs, err);

		if (!run)
			return -1;
		*run = (struct run){ ranges[i].start, ranges[i].end, runs->size };
		runs->size += ranges[i].end - ranges[i].start;
	}
	return 0;
}

void runs_done(struct runs *runs)
{
	free(runs->runs);
	*runs = (struct runs){ 0 };
}

size_t runs_find(const struct runs *runs, uint64_t offset)
{
	size_t after = SEARCH(runs->n_runs, i, runs->runs[i].before <= offset);

	return after ? after - 1 : 0;
}

uint64_t runs_address(const struct runs *runs, uint64_t offset)
{
	const struct run *run = &runs->runs[runs_find(runs, offset)];

	return run->start + (offset - run->before);
}

int runs_each(const struct runs *runs, uint64_t offset, size_t size, run_piece *piece,
	      void *context, struct err *err)
{
	size_t done = 0;

	for (size_t i = runs_find(runs, offset); done < size && i < runs->n_runs; i++) {
		const struct run *run = &runs->runs[i];
		uint64_t address = run->start + (offset + done - run->before);
		size_t part = size - done;

		if (part > run->end - address)
			part = run->end - address;
		if (piece(context, address, done, part, err) < 0)
			return -1;
		done += part;
	}
	return 0;
}
