/* SPDX-License-Identifier: MIT */
#include "dump/hold.h"

#include "dump/spool.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/together.h"

#include <stdlib.h>

/* Of fewer processes it is read before another thread has started. */
enum { PROCESSES_EACH = 16 };

static int hold(const struct target *target, const struct memory *memory,
		const struct spool *parent, struct snapshot *snapshot, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges saved = { 0 };

	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_saved; k++)
			if (memory_ranges_add(&saved, memory->vmas[i].saved[k].start,
					      memory->vmas[i].saved[k].end, err) < 0)
				return -1;
	snapshot->held = calloc(1, sizeof(*snapshot->held));
	if (!snapshot->held)
		return err_sys(err, "out of memory");
	snapshot->spool = snapshot->held;
	return spool_hold(&target->memory, &saved, parent, snapshot->held, err);
}

/* Who is held when. A child takes no memory for what it has in common with its parent, who is held before. */
struct holding {
	const struct dump *dump;
	struct snapshot *snapshots;
	struct held_one {
		size_t parent; /* SIZE_MAX: none that comes before it */
		size_t generation;
	} * of;
	size_t *order; /* by generation */
	size_t first;  /* in the order, of those that are being held */
};

static int hold_one(void *context, size_t index, struct err *err)
{
	const struct holding *holding = context;
	const struct dump *dump = holding->dump;
	size_t i = holding->order[holding->first + index], parent = holding->of[i].parent;
	struct snapshot *all = holding->snapshots;
	const struct target *target = &dump->targets[i];

	if (hold(target, IMAGE_GET(&dump->image, memory, target->own_pid, 0),
		 parent == SIZE_MAX ? NULL : all[parent].spool, &all[i], err) < 0)
		return err_prefix(err, "%s", target->name);
	return 0;
}

/* Those of one parent mostly follow one another. */
static void find_generations(struct holding *holding)
{
	const struct target *targets = holding->dump->targets;
	size_t parent = SIZE_MAX;

	for (size_t i = 0; i < holding->dump->n_targets; i++) {
		pid_t pid = targets[i].status.ppid;

		if (parent == SIZE_MAX || targets[parent].pid != pid)
			for (parent = 0; parent < i && targets[parent].pid != pid;)
				parent++;
		if (parent == i)
			parent = SIZE_MAX;
		holding->of[i] = (struct held_one){
			parent, parent == SIZE_MAX ? 0 : holding->of[parent].generation + 1
		};
		holding->order[i] = i;
	}
}

static int by_generation(const void *a, const void *b, void *of)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	size_t left = ((struct held_one *)of)[x].generation;
	size_t right = ((struct held_one *)of)[y].generation;

	return left == right ? (x > y) - (x < y) : (left > right) - (left < right);
}

static int hold_generations(struct holding *holding, struct err *err)
{
	const struct dump *dump = holding->dump;
	size_t n = dump->n_targets, end;

	find_generations(holding);
	qsort_r(holding->order, n, sizeof(*holding->order), by_generation, holding->of);
	for (size_t first = 0; first < n; first = end) {
		size_t generation = holding->of[holding->order[first]].generation;

		for (end = first + 1;
		     end < n && holding->of[holding->order[end]].generation == generation;)
			end++;
		holding->first = first;
		if (together_try(together_some(dump->settings.threads,
					       (end - first) / PROCESSES_EACH),
				 end - first, hold_one, holding, err) < 0)
			return -1;
	}
	return 0;
}

int hold_memory(const struct dump *dump, struct snapshot *snapshots, struct err *err)
{
	_cleanup_free_ struct held_one *of = calloc(dump->n_targets + 1, sizeof(*of));
	_cleanup_free_ size_t *order = calloc(dump->n_targets + 1, sizeof(*order));
	struct holding holding = { dump, snapshots, of, order, 0 };

	if (!of || !order)
		return err_sys(err, "out of memory");
	return hold_generations(&holding, err);
}
