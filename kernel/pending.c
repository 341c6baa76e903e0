/* SPDX-License-Identifier: MIT */
#include "kernel/pending.h"

#include "format/err.h"
#include "format/search.h"

#include <stdlib.h>
#include <string.h>

void pending_done(struct pending *pending)
{
	free(pending->runs);
	*pending = (struct pending){ 0 };
}

static int make_room(struct pending *pending, size_t more, struct err *err)
{
	size_t room = pending->room ? pending->room : 64;
	void *bigger;

	while (room < pending->n_runs + more)
		room *= 2;
	if (room == pending->room)
		return 0;
	bigger = realloc(pending->runs, room * sizeof(*pending->runs));
	if (!bigger)
		return err_sys(err, "memory for a list of %zu missing pages", room);
	pending->runs = bigger;
	pending->room = room;
	return 0;
}

static bool is_empty(const struct pending_run *run)
{
	return run->start == run->end;
}

int pending_add(struct pending *pending, struct pending_run run, struct err *err)
{
	if (make_room(pending, 1, err) < 0)
		return -1;
	pending->runs[pending->n_runs++] = run;
	return 0;
}

/* Empty ones, too. */
static size_t place_of(const struct pending *pending, uint64_t address)
{
	return SEARCH(pending->n_runs, i, pending->runs[i].end <= address);
}

size_t pending_find(const struct pending *pending, uint64_t address)
{
	size_t low = place_of(pending, address);

	while (low < pending->n_runs && is_empty(&pending->runs[low]))
		low++;
	return low;
}

bool pending_is_empty(const struct pending *pending)
{
	return pending->n_runs == pending->n_empty;
}

static void squeeze(struct pending *pending)
{
	size_t kept = 0;

	for (size_t i = 0; i < pending->n_runs; i++)
		if (!is_empty(&pending->runs[i]))
			pending->runs[kept++] = pending->runs[i];
	pending->n_runs = kept;
	pending->n_empty = 0;
}

/* Of a run that reaches over both ends of a range, what is behind it becomes one of its own. */
static void split(struct pending *pending, size_t index, uint64_t start, uint64_t end)
{
	struct pending_run *run = &pending->runs[index];

	memmove(run + 2, run + 1, (pending->n_runs - index - 1) * sizeof(*run));
	run[1] = (struct pending_run){ end, run->end, run->offset + (end - run->start) };
	run->end = start;
	pending->n_runs++;
}

int pending_remove(struct pending *pending, uint64_t start, uint64_t end, struct err *err)
{
	if (make_room(pending, 1, err) < 0)
		return -1;
	for (size_t i = pending_find(pending, start);
	     i < pending->n_runs && pending->runs[i].start < end; i++) {
		struct pending_run *run = &pending->runs[i];

		if (is_empty(run))
			continue;
		if (run->start < start && run->end > end) {
			split(pending, i, start, end);
			break;
		}
		if (run->start < start) {
			run->end = start;
		} else if (run->end > end) {
			run->offset += end - run->start;
			run->start = end;
		} else {
			run->end = run->start;
			pending->n_empty++;
		}
	}
	/* Then it costs little for each. */
	if (pending->n_empty > pending->n_runs / 2)
		squeeze(pending);
	return 0;
}

/* Those within a range, cut to it. */
static int cut_out(const struct pending *pending, uint64_t start, uint64_t end,
		   struct pending *ret_part, struct err *err)
{
	for (size_t i = pending_find(pending, start);
	     i < pending->n_runs && pending->runs[i].start < end; i++) {
		struct pending_run run = pending->runs[i];

		if (is_empty(&run))
			continue;
		if (run.start < start) {
			run.offset += start - run.start;
			run.start = start;
		}
		if (run.end > end)
			run.end = end;
		if (pending_add(ret_part, run, err) < 0)
			return -1;
	}
	return 0;
}

int pending_move(struct pending *pending, uint64_t from, uint64_t to, uint64_t length,
		 struct err *err)
{
	struct pending part = { 0 };
	size_t at;
	int ret;

	ret = cut_out(pending, from, from + length, &part, err);
	/* All room that may be needed comes first: what follows cannot fail halfway. */
	if (ret == 0)
		ret = make_room(pending, part.n_runs + 2, err);
	if (ret == 0)
		ret = pending_remove(pending, from, from + length, err);
	if (ret == 0)
		ret = pending_remove(pending, to, to + length, err);
	if (ret == 0 && part.n_runs) {
		/* An empty one may stand in the middle of where they go. */
		squeeze(pending);
		at = place_of(pending, to);
		memmove(pending->runs + at + part.n_runs, pending->runs + at,
			(pending->n_runs - at) * sizeof(*pending->runs));
		for (size_t i = 0; i < part.n_runs; i++) {
			part.runs[i].start += to - from;
			part.runs[i].end += to - from;
			pending->runs[at + i] = part.runs[i];
		}
		pending->n_runs += part.n_runs;
	}
	pending_done(&part);
	return ret;
}

int pending_copy(const struct pending *pending, struct pending *ret_copy, struct err *err)
{
	struct pending copy = { 0 };

	if (make_room(&copy, pending->n_runs, err) < 0)
		return -1;
	if (pending->n_runs)
		memcpy(copy.runs, pending->runs, pending->n_runs * sizeof(*copy.runs));
	copy.n_runs = pending->n_runs;
	copy.n_empty = pending->n_empty;
	*ret_copy = copy;
	return 0;
}

uint64_t pending_size(const struct pending *pending)
{
	uint64_t size = 0;

	for (size_t i = 0; i < pending->n_runs; i++)
		size += pending->runs[i].end - pending->runs[i].start;
	return size;
}
