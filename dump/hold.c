/* SPDX-License-Identifier: MIT */
#include "dump/hold.h"

#include "dump/held.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/together.h"

#include <stdlib.h>

/* Of fewer processes it is read before another thread has started. */
enum { PROCESSES_EACH = 16 };

static int hold(const struct target *target, const struct memory *memory,
		const struct held *const relatives[HELD_RELATIVES], unsigned threads,
		struct snapshot *snapshot, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges saved = { 0 };

	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_saved; k++)
			if (memory_ranges_add(&saved, memory->vmas[i].saved[k].start,
					      memory->vmas[i].saved[k].end, err) < 0)
				return -1;
	return held_new(&target->memory, &saved, relatives, threads, &snapshot->held, err);
}

enum { PARENT, ELDEST };

#define NOBODY SIZE_MAX

/*
 * Who is held when. A child takes no memory for what it has in common with its parent, or with its parent's first child, who both are held before: what
 * a child changes after its birth most of them change alike.
 */
struct holding {
	const struct dump *dump;
	struct snapshot *snapshots;
	struct held_one {
		size_t relatives[HELD_RELATIVES]; /* before it, or NOBODY */
		size_t first_child;		  /* or NOBODY */
		size_t turn;
	} * of;
	size_t *order; /* by turn */
	size_t first;  /* in the order, of those that are being held */
	unsigned threads_each;
};

static int hold_one(void *context, size_t index, struct err *err)
{
	const struct holding *holding = context;
	const struct dump *dump = holding->dump;
	size_t i = holding->order[holding->first + index];
	const struct held *relatives[HELD_RELATIVES] = { NULL };
	struct snapshot *all = holding->snapshots;
	const struct target *target = &dump->targets[i];

	for (size_t k = 0; k < HELD_RELATIVES; k++)
		if (holding->of[i].relatives[k] != NOBODY)
			relatives[k] = all[holding->of[i].relatives[k]].held;
	if (hold(target, IMAGE_GET(&dump->image, memory, target->own_pid, 0), relatives,
		 holding->threads_each, &all[i], err) < 0)
		return err_prefix(err, "%s", target->name);
	return 0;
}

static void find_turn(struct holding *holding, size_t i)
{
	const struct target *target = &holding->dump->targets[i];
	size_t parent = target->parent ? (size_t)(target->parent - holding->dump->targets) : NOBODY;
	struct held_one *one = &holding->of[i];

	*one = (struct held_one){ { [PARENT] = parent, [ELDEST] = NOBODY }, NOBODY, 0 };
	if (parent == NOBODY)
		return;
	one->relatives[ELDEST] = holding->of[parent].first_child;
	one->turn = holding->of[parent].turn + (one->relatives[ELDEST] == NOBODY ? 1 : 2);
	if (one->relatives[ELDEST] == NOBODY)
		holding->of[parent].first_child = i;
}

static int by_turn(const void *a, const void *b, void *of)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	size_t left = ((struct held_one *)of)[x].turn;
	size_t right = ((struct held_one *)of)[y].turn;

	return left == right ? (x > y) - (x < y) : (left > right) - (left < right);
}

static int hold_in_turns(struct holding *holding, struct err *err)
{
	const struct dump *dump = holding->dump;
	size_t n = dump->n_targets, end;
	unsigned threads;

	for (size_t i = 0; i < n; i++) {
		find_turn(holding, i);
		holding->order[i] = i;
	}
	qsort_r(holding->order, n, sizeof(*holding->order), by_turn, holding->of);
	for (size_t first = 0; first < n; first = end) {
		size_t turn = holding->of[holding->order[first]].turn;

		for (end = first + 1; end < n && holding->of[holding->order[end]].turn == turn;)
			end++;
		holding->first = first;
		threads = together_some(dump->settings.threads, (end - first) / PROCESSES_EACH);
		holding->threads_each = threads > 1 ? 1 : dump->settings.threads;
		if (together_try(threads, end - first, hold_one, holding, err) < 0)
			return -1;
	}
	return 0;
}

int hold_memory(const struct dump *dump, struct snapshot *snapshots, struct err *err)
{
	_cleanup_free_ struct held_one *of = calloc(dump->n_targets + 1, sizeof(*of));
	_cleanup_free_ size_t *order = calloc(dump->n_targets + 1, sizeof(*order));
	struct holding holding = { dump, snapshots, of, order, 0, 1 };

	if (!of || !order)
		return err_sys(err, "out of memory");
	return hold_in_turns(&holding, err);
}
