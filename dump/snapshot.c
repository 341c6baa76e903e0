/* SPDX-License-Identifier: MIT */
#include "dump/snapshot.h"

#include "dump/held.h"
#include "dump/hold.h"
#include "dump/memory.h"
#include "dump/precopy.h"
#include "dump/spool.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "format/search.h"
#include "format/shm.h"
#include "kernel/readfile.h"

#include <stdlib.h>
#include <string.h>

/* Less than this in each process is read sooner than a copy is made. */
#define WORTH_A_COPY (UINT64_C(4) << 20)
/* What this program takes of memory for pages that a copy would not have. */
#define KEPT_MAX (UINT64_C(256) << 20)
/* The same for all pages of all processes, which else are read of each up to four times: to compare, search, hash and write them. */
#define HELD_MAX (UINT64_C(32) << 20)
/* Ranges that are smaller on average, such as the stacks of many threads, are read at once sooner than one by one of a copy. */
#define SCATTERED (UINT64_C(64) << 10)

bool snapshots_small(const struct dump *dump, const struct dump_options *options)
{
	uint64_t size = 0;

	if (options->snapshot != SNAPSHOT_AUTO || options->afterwards != AFTER_RUN)
		return false;
	IMAGE_EACH (&dump->image, memory, m)
		size += memory_saved_size(m);
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].late)
			return false;
	return size <= HELD_MAX;
}

bool snapshots_wanted(const struct dump *dump, const struct dump_options *options)
{
	uint64_t size = 0, ranges = 0;

	if (options->snapshot != SNAPSHOT_AUTO)
		return options->snapshot == SNAPSHOT_FORK;
	IMAGE_EACH (&dump->image, memory, m) {
		size += memory_saved_size(m);
		for (size_t i = 0; i < m->n_vmas; i++)
			ranges += m->vmas[i].n_saved;
	}
	if (snapshots_small(dump, options) && size < ranges * SCATTERED)
		return false;
	IMAGE_EACH (&dump->image, shm, shm)
		size += shm_saved_size(shm);
	for (size_t i = 0; i < dump->n_targets; i++)
		size += dump->targets[i].late ? dump->targets[i].private : 0;
	return options->afterwards == AFTER_RUN && size > WORTH_A_COPY * dump->n_targets;
}

/* Who would become the parent of the copy, or have it born into another namespace. */
static int check_family(const struct dump *dump, const struct target *target, struct err *err)
{
	const struct process *process = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	_cleanup_free_ char *own = NULL, *children = NULL;

	if (target->own_pid == 1 || (process && process->child_subreaper))
		return err_set(
			err, ERR_UNSUPPORTED,
			"pid %d is the parent of orphans (%s): a copy would become its child",
			target->pid, target->own_pid == 1 ? "init" : "PR_SET_CHILD_SUBREAPER");
	if (read_link_at(target->proc, "ns/pid", &own, err) < 0 ||
	    read_link_at(target->proc, "ns/pid_for_children", &children, err) < 0)
		return -1;
	if (strcmp(own, children) != 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "pid %d has a pid namespace for its children: a copy would be its "
			       "init",
			       target->pid);
	return 0;
}

static int keep_range(const struct target *target, const struct range *range,
		      struct snapshot *snapshot, struct err *err)
{
	uint64_t size = range->end - range->start;
	struct kept *kept = LIST_ADD(snapshot, kept, err);

	if (!kept)
		return -1;
	kept->range = *range;
	kept->bytes = malloc(size);
	if (!kept->bytes)
		return err_sys(err, "out of memory");
	return memory_read(&target->memory, range->start, kept->bytes, size, err);
}

static int check_size(const struct target *target, const struct memory *memory, struct err *err)
{
	uint64_t size = 0;

	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0;
		     vma_lost_by_fork(&memory->vmas[i]) && k < memory->vmas[i].n_saved; k++)
			size += memory->vmas[i].saved[k].end - memory->vmas[i].saved[k].start;
	if (size > KEPT_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			       "pid %d has %lu MiB of memory that a fork does not copy "
			       "(MADV_DONTFORK, MADV_WIPEONFORK, MAP_HUGETLB); up to %lu MiB are "
			       "read beforehand",
			       target->pid, size >> 20, KEPT_MAX >> 20);
	return 0;
}

static int keep(const struct dump *dump, const struct target *target, struct snapshot *snapshot,
		struct err *err)
{
	struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);

	if (memory_sift_lost(memory, target, err) < 0 || check_size(target, memory, err) < 0)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0;
		     vma_lost_by_fork(&memory->vmas[i]) && k < memory->vmas[i].n_saved; k++)
			if (keep_range(target, &memory->vmas[i].saved[k], snapshot, err) < 0)
				return -1;
	return 0;
}

static void snapshot_done(struct snapshot *snapshot)
{
	memory_copy_end(&snapshot->copy);
	held_free(snapshot->held);
	for (size_t i = 0; i < snapshot->n_kept; i++)
		free(snapshot->kept[i].bytes);
	free(snapshot->kept);
	*snapshot = (struct snapshot)SNAPSHOT_EMPTY;
}

void snapshots_kill(const struct snapshots *snapshots)
{
	for (size_t i = 0; i < snapshots->n_snapshots; i++)
		memory_copy_kill(&snapshots->snapshots[i].copy);
}

void snapshots_done(struct snapshots *snapshots)
{
	for (size_t i = 0; i < snapshots->n_snapshots; i++)
		snapshot_done(&snapshots->snapshots[i]);
	free(snapshots->snapshots);
	*snapshots = (struct snapshots){ 0 };
}

void snapshots_leave(struct snapshots *snapshots)
{
	for (size_t i = 0; i < snapshots->n_snapshots; i++)
		memory_copy_leave(&snapshots->snapshots[i].copy);
	snapshots_done(snapshots);
}

static int take(struct dump *dump, struct snapshots *snapshots, struct err *err)
{
	/* A process in the tree would get also the copies of its descendants. */
	for (size_t i = 0; i < dump->n_targets; i++)
		if (check_family(dump, &dump->targets[i], err) < 0)
			return -1;
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct target *target = &dump->targets[i];
		struct snapshot *snapshot = LIST_ADD(snapshots, snapshots, err);

		if (!snapshot)
			return -1;
		*snapshot = (struct snapshot)SNAPSHOT_EMPTY;
		if (keep(dump, target, snapshot, err) < 0 ||
		    memory_copy_make(target->remote, target->frozen->threads[0], &snapshot->copy,
				     err) < 0)
			return -1;
	}
	return 0;
}

static void use(struct dump *dump, const struct snapshots *snapshots)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		dump->targets[i].snapshot = &snapshots->snapshots[i];
}

int snapshots_take(struct dump *dump, struct snapshots *ret_snapshots, struct err *err)
{
	struct snapshots snapshots = { 0 };

	if (take(dump, &snapshots, err) < 0) {
		snapshots_done(&snapshots);
		return -1;
	}
	use(dump, &snapshots);
	*ret_snapshots = snapshots;
	return 0;
}

static int hold_all(const struct dump *dump, struct snapshots *snapshots, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct snapshot *snapshot = LIST_ADD(snapshots, snapshots, err);

		if (!snapshot)
			return -1;
		*snapshot = (struct snapshot)SNAPSHOT_EMPTY;
	}
	return hold_memory(dump, snapshots->snapshots, err);
}

int snapshots_hold(struct dump *dump, struct snapshots *ret_snapshots, struct err *err)
{
	struct snapshots snapshots = { 0 };

	if (hold_all(dump, &snapshots, err) < 0) {
		snapshots_done(&snapshots);
		return -1;
	}
	use(dump, &snapshots);
	*ret_snapshots = snapshots;
	return 0;
}

static int complete(struct dump *dump, struct precopy *precopy, struct snapshots *snapshots,
		    struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct target *target = &dump->targets[i];
		struct snapshot *snapshot = LIST_ADD(snapshots, snapshots, err);
		struct spool *spool;

		if (!snapshot)
			return -1;
		*snapshot = (struct snapshot)SNAPSHOT_EMPTY;
		if (precopy_complete(precopy, target,
				     IMAGE_GET(&dump->image, memory, target->own_pid, 0), &spool,
				     err) < 0)
			return err_prefix(err, "%s", target->name);
		snapshot->spool = spool;
	}
	return 0;
}

int snapshots_complete(struct dump *dump, struct precopy *precopy, struct snapshots *ret_snapshots,
		       struct err *err)
{
	struct snapshots snapshots = { 0 };

	if (complete(dump, precopy, &snapshots, err) < 0) {
		snapshots_done(&snapshots);
		return -1;
	}
	use(dump, &snapshots);
	*ret_snapshots = snapshots;
	return 0;
}

/* The first kept range that ends above the address, or NULL. */
static const struct kept *find_kept(const struct snapshot *snapshot, uint64_t address)
{
	size_t low = SEARCH(snapshot->n_kept, i, snapshot->kept[i].range.end <= address);

	return low < snapshot->n_kept ? &snapshot->kept[low] : NULL;
}

static int read_copy(const struct snapshot *snapshot, uint64_t address, void *buffer, size_t size,
		     struct err *err)
{
	if (memory_read(&snapshot->copy.memory, address, buffer, size, err) == 0)
		return 0;
	return err_prefix(err, "the copy of the memory, which something may have killed (see "
			       "--snapshot=stop)");
}

bool snapshot_is_apart(const struct snapshot *snapshot)
{
	return snapshot->spool || snapshot->held;
}

static int read_apart(const struct snapshot *snapshot, uint64_t address, void *buffer, size_t size,
		      struct err *err)
{
	return snapshot->held ? held_read(snapshot->held, address, buffer, size, err)
			      : spool_read(snapshot->spool, address, buffer, size, err);
}

int snapshot_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err)
{
	const struct target *target = context;
	uint8_t *to = buffer;

	if (!target->snapshot)
		return memory_read(&target->memory, address, buffer, size, err);
	if (snapshot_is_apart(target->snapshot))
		return read_apart(target->snapshot, address, buffer, size, err);
	while (size > 0) {
		const struct kept *kept = find_kept(target->snapshot, address);
		size_t part = size;

		if (kept && kept->range.start <= address) {
			part = kept->range.end - address < size ? kept->range.end - address : size;
			memcpy(to, kept->bytes + (address - kept->range.start), part);
		} else {
			if (kept && kept->range.start - address < size)
				part = kept->range.start - address;
			if (read_copy(target->snapshot, address, to, part, err) < 0)
				return -1;
		}
		to += part;
		address += part;
		size -= part;
	}
	return 0;
}

int snapshot_read_ranges(const struct target *target, const struct memory_range *ranges,
			 size_t count, void *buffer, struct err *err)
{
	const struct snapshot *snapshot = target->snapshot;
	uint8_t *to = buffer;

	if (!snapshot)
		return memory_read_ranges(&target->memory, ranges, count, buffer, err);
	if (!snapshot_is_apart(snapshot))
		return memory_read_ranges(&snapshot->copy.memory, ranges, count, buffer, err);
	for (size_t i = 0; i < count; i++) {
		uint64_t size = ranges[i].end - ranges[i].start;

		if (read_apart(snapshot, ranges[i].start, to, size, err) < 0)
			return -1;
		to += size;
	}
	return 0;
}

int snapshot_zero_suspects(const struct target *target, const struct memory_range *ranges,
			   size_t count, struct memory_ranges *ret_suspect,
			   struct memory_ranges *ret_other, struct err *err)
{
	const struct snapshot *snapshot = target->snapshot;

	bool apart = snapshot && snapshot_is_apart(snapshot);

	for (size_t i = 0; apart && i < count; i++)
		if (memory_ranges_add(ret_suspect, ranges[i].start, ranges[i].end, err) < 0)
			return -1;
	if (apart)
		return 0;
	return memory_zero_suspects_by(target->threads,
				       snapshot ? &snapshot->copy.memory : &target->memory, ranges,
				       count, ret_suspect, ret_other, err);
}

int snapshot_zero_pages(const struct target *target, const struct memory_range *ranges,
			size_t count, struct memory_ranges *ret_zero,
			struct memory_ranges *ret_other, struct err *err)
{
	const struct snapshot *snapshot = target->snapshot;

	if (snapshot && snapshot->held)
		return held_zero_pages(snapshot->held, ranges, count, ret_zero, ret_other, err);
	if (snapshot && snapshot->spool)
		return spool_zero_pages(snapshot->spool, ranges, count, ret_zero, ret_other, err);
	return memory_zero_pages_by(target->threads,
				    snapshot ? &snapshot->copy.memory : &target->memory, ranges,
				    count, ret_zero, ret_other, err);
}
