/* SPDX-License-Identifier: MIT */
/* The pages of a target as they were when it was frozen, to be read while it goes on. */
#ifndef PIMAGE_DUMP_SNAPSHOT_H
#define PIMAGE_DUMP_SNAPSHOT_H

#include "dump/dump.h"
#include "dump/options.h"
#include "kernel/copy.h"
#include "kernel/memory.h"

struct err;
struct precopy;
struct held;
struct spool;

/* Pages that a fork does not keep, read beforehand. */
struct kept {
	struct range range;
	uint8_t *bytes;
};

struct snapshot {
	/* One of these has all of them; both NULL: see below. */
	const struct spool *spool;
	struct held *held; /* owned */
	struct memory_copy copy;
	struct kept *kept; /* ascending */
	size_t n_kept;
};

#define SNAPSHOT_EMPTY                                                                             \
	{                                                                                          \
		.copy = MEMORY_COPY_EMPTY                                                          \
	}

/* What it has does not have to be asked of another process. */
bool snapshot_is_apart(const struct snapshot *snapshot);

/* One for each target, or none. */
struct snapshots {
	struct snapshot *snapshots;
	size_t n_snapshots;
};

/* Whether to take them of what was collected; SNAPSHOT_AUTO takes none of little memory. */
bool snapshots_wanted(const struct dump *dump, const struct dump_options *options);

/*
 * Of all targets, whose state was collected and whose remotes are open still; sets their .snapshot.
 * Fails, with the processes as before, if the kernel allows no copy, or a process would notice it.
 */
int snapshots_take(struct dump *dump, struct snapshots *ret_snapshots, struct err *err);

/* Whether there is so little memory, and time that the processes wait, that it is read at once. */
bool snapshots_small(const struct dump *dump, const struct dump_options *options);

/* The same by reading it, once and for all: nothing is done in the processes. */
int snapshots_hold(struct dump *dump, struct snapshots *ret_snapshots, struct err *err);

/*
 * The same of what was copied ahead; what is still missing is read now. precopy must stay until snapshots_done.
 */
int snapshots_complete(struct dump *dump, struct precopy *precopy, struct snapshots *ret_snapshots,
		       struct err *err);

/* Everything has been read. They end meanwhile, which takes its time. */
void snapshots_kill(const struct snapshots *snapshots);

/* Accepts and leaves an empty one. No target is read from afterwards. */
void snapshots_done(struct snapshots *snapshots);
/* The same just before this program ends: does not wait for the end of copies. */
void snapshots_leave(struct snapshots *snapshots);

/* memory_zero_suspects and memory_zero_pages of a target's private memory, through its snapshot if it has one. */
int snapshot_zero_suspects(const struct target *target, const struct memory_range *ranges,
			   size_t count, struct memory_ranges *ret_suspect,
			   struct memory_ranges *ret_other, struct err *err);
int snapshot_zero_pages(const struct target *target, const struct memory_range *ranges,
			size_t count, struct memory_ranges *ret_zero,
			struct memory_ranges *ret_other, struct err *err);

/* memory_read_ranges of mappings that a fork keeps, through the snapshot if there is one. */
int snapshot_read_ranges(const struct target *target, const struct memory_range *ranges,
			 size_t count, void *buffer, struct err *err);

/* A run_read of a target's private memory, through its snapshot if it has one; context is the target. */
int snapshot_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err);

#endif
