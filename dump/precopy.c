/* SPDX-License-Identifier: MIT */
#include "dump/precopy.h"

#include "cli/progress.h"
#include "dump/hot_pages.h"
#include "dump/watch.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "kernel/maps_file.h"
#include "kernel/readfile.h"

#include <string.h>

/* A process that writes everywhere all the time would be followed for ever. */
#define ROUNDS_MAX 32
/* What reading the state takes when they stop for good, beside their memory; by experience. */
#define STATE_TIME	 UINT64_C(5000000)
#define PAUSE_DEFAULT_MS 30

static void release(struct precopied *process)
{
	write_track_close(&process->track);
	spool_done(&process->spool);
	memory_close(&process->memory);
	memory_ranges_release(&process->written);
	memory_ranges_release(&process->again);
	free(process);
}

void precopy_done(struct precopy *precopy)
{
	for (size_t i = 0; i < precopy->n_processes; i++)
		release(precopy->processes[i]);
	free(precopy->processes);
	*precopy = (struct precopy){ 0 };
}

static struct precopied *add(struct precopy *precopy, pid_t pid,
			     const struct kernel_features *features, struct err *err)
{
	struct precopied *process = calloc(1, sizeof(*process)), **slot;

	if (!process) {
		err_sys(err, "out of memory");
		return NULL;
	}
	process->pid = pid;
	process->memory.fd = -1;
	process->track = (struct write_track)WRITE_TRACK_EMPTY;
	process->spool = (struct spool)SPOOL_EMPTY;
	slot = LIST_ADD(precopy, processes, err);
	if (!slot) {
		release(process);
		return NULL;
	}
	*slot = process;
	if (watch_start_time(pid, &process->start_time, err) < 0 ||
	    memory_open(pid, features, &process->memory, err) < 0 ||
	    spool_open(precopy->options->file, &process->spool, err) < 0)
		return NULL;
	return process;
}

static int read_maps(pid_t pid, struct maps *ret_maps, struct err *err)
{
	_cleanup_close_ int proc = proc_open(pid, err);

	return proc < 0 ? -1 : maps_read_at(proc, "maps", ret_maps, err);
}

/* What it has written so far is all it has; that is what the first round copies. */
static int watch(struct precopied *process, struct tree_process *frozen, struct err *err)
{
	struct frozen_thread *thread = frozen->frozen.threads[0];
	_cleanup_(maps_release) struct maps maps = { 0 };

	if (read_maps(process->pid, &maps, err) < 0)
		return -1;

	if (remote_open(&frozen->frozen, thread, NULL, &frozen->remote, err) < 0 ||
	    write_track_open(&frozen->remote, thread, &process->track, err) < 0 ||
	    remote_close(&frozen->remote, NULL, err) < 0)
		return -1;
	return watch_private(&process->track, &maps, err);
}

static int watch_all(struct precopy *precopy, const struct kernel_features *features,
		     struct err *err)
{
	_cleanup_tree_ struct tree tree = { 0 };
	uint64_t start = progress_now();

	if (tree_open(precopy->options, true, NULL, features, &tree, err) < 0)
		return -1;
	for (size_t i = 0; i < tree.n_processes; i++) {
		struct precopied *process = add(precopy, tree.processes[i]->pid, features, err);

		if (!process || watch(process, tree.processes[i], err) < 0)
			return err_prefix(err, "pid %d", tree.processes[i]->pid);
	}
	tree_thaw(&tree);
	precopy->stopping = progress_now() - start;
	return 0;
}

static uint64_t size_of(const struct memory_ranges *ranges)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ranges->count; i++)
		size += ranges->list[i].end - ranges->list[i].start;
	return size;
}

/* One that has ended meanwhile is no failure: what it had is not asked for. */
static int round_of(struct precopy *precopy, struct precopied *process, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges written = { 0 };
	struct err gone;

	if (write_track_take(&process->track, &written, &gone) < 0)
		return 0;
	precopy->bytes += size_of(&written);
	for (size_t i = 0; precopy->rounds && i < written.count; i++)
		if (memory_ranges_add(&process->again, written.list[i].start, written.list[i].end,
				      err) < 0)
			return -1;
	return spool_put(&process->spool, &process->memory, &written, true, err);
}

static int copy_round(struct precopy *precopy, struct err *err)
{
	uint64_t start = progress_now();

	precopy->bytes = 0;
	for (size_t i = 0; i < precopy->n_processes; i++)
		if (round_of(precopy, precopy->processes[i], err) < 0)
			return err_prefix(err, "pid %d", precopy->processes[i]->pid);
	precopy->time = progress_now() - start;
	precopy->rounds++;
	return 0;
}

/* Bytes that would have to be read if they stopped now. */
static uint64_t outdated(const struct precopy *precopy)
{
	uint64_t size = 0;

	for (size_t i = 0; i < precopy->n_processes; i++) {
		_cleanup_ranges_ struct memory_ranges written = { 0 };
		struct err gone;

		if (write_track_look(&precopy->processes[i]->track, &written, &gone) == 0)
			size += size_of(&written);
	}
	return size;
}

int precopy_run(const struct dump_options *options, const struct kernel_features *features,
		struct precopy *ret_precopy, struct err *err)
{
	struct precopy *precopy = ret_precopy;
	uint64_t budget =
		(options->max_pause ? options->max_pause : PAUSE_DEFAULT_MS) * UINT64_C(1000000);
	double left, speed = 0;

	precopy->options = options;
	if (watch_all(precopy, features, err) < 0)
		return -1;
	do {
		if (copy_round(precopy, err) < 0)
			return -1;
		/* Short rounds say little of the speed: the first one is the longest. */
		if (precopy->rounds == 1 && precopy->time)
			speed = (double)precopy->bytes / (double)precopy->time;
		left = (double)(precopy->stopping + STATE_TIME);
		if (speed > 0)
			left += (double)outdated(precopy) / speed;
	} while (left > (double)budget && precopy->rounds < ROUNDS_MAX);
	if (left <= (double)budget || !options->max_pause)
		return 0;
	return err_set(
		err, ERR_FAILED,
		"after %u rounds the pause would still be %.0f ms, more than --max-pause=%u: "
		"it writes faster than can be copied (allow more, or --snapshot=fork)",
		precopy->rounds, left / 1e6, options->max_pause);
}

static struct precopied *find(const struct precopy *precopy, pid_t pid)
{
	uint64_t time;

	for (size_t i = 0; i < precopy->n_processes; i++)
		if (precopy->processes[i]->pid == pid)
			return watch_start_time(pid, &time, NULL) == 0 &&
					       time == precopy->processes[i]->start_time
				       ? precopy->processes[i]
				       : NULL;
	return NULL;
}

int precopy_catch_up(struct precopy *precopy, const struct tree *tree, struct err *err)
{
	for (size_t i = 0; i < tree->n_processes; i++) {
		struct precopied *process = find(precopy, tree->processes[i]->pid);

		if (process && write_track_look(&process->track, &process->written, err) < 0)
			return err_prefix(err, "pid %d", process->pid);
	}
	return 0;
}

int precopy_disown(struct precopy *precopy, struct dump *dump, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct target *target = &dump->targets[i];
		struct precopied *process = find(precopy, target->pid);

		if (process && watch_disown(&process->track, &target->maps, err) < 0)
			return err_prefix(err, "%s", target->name);
	}
	return 0;
}

/* The parts of [start, end) that are outdated or missing. */
static int stale_parts(const struct precopied *process, size_t *w, uint64_t start, uint64_t end,
		       struct memory_ranges *ret_stale, struct err *err)
{
	const struct memory_ranges *written = &process->written;

	while (start < end) {
		uint64_t stop = end;

		while (*w < written->count && written->list[*w].end <= start)
			++*w;
		if (*w < written->count && written->list[*w].start <= start) {
			if (written->list[*w].end < end)
				stop = written->list[*w].end;
			if (memory_ranges_add(ret_stale, start, stop, err) < 0)
				return -1;
		} else {
			if (*w < written->count && written->list[*w].start < end)
				stop = written->list[*w].start;
			if (spool_missing(&process->spool, start, stop, ret_stale, err) < 0)
				return -1;
		}
		start = stop;
	}
	return 0;
}

int precopy_complete(struct precopy *precopy, struct target *target, const struct memory *memory,
		     struct spool **ret_spool, struct err *err)
{
	struct precopied *process = find(precopy, target->pid);
	_cleanup_ranges_ struct memory_ranges stale = { 0 };
	size_t w = 0;

	if (!process)
		process = add(precopy, target->pid, target->memory.features, err);
	if (!process)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_saved; k++)
			if (stale_parts(process, &w, memory->vmas[i].saved[k].start,
					memory->vmas[i].saved[k].end, &stale, err) < 0)
				return -1;
	*ret_spool = &process->spool;
	return spool_put(&process->spool, &target->memory, &stale, false, err);
}

int precopy_note(const struct precopy *precopy, struct dump *dump, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		const struct precopied *process = find(precopy, target->pid);
		struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);

		if (process && (hot_pages_add(&dump->image, memory, &process->again, err) < 0 ||
				hot_pages_add(&dump->image, memory, &process->written, err) < 0))
			return err_prefix(err, "%s", target->name);
	}
	return 0;
}
