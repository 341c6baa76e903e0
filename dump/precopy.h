/* SPDX-License-Identifier: MIT */
/* Memory copied while the processes run, round by round, until little is left to be read when they stop. */
#ifndef PIMAGE_DUMP_PRECOPY_H
#define PIMAGE_DUMP_PRECOPY_H

#include "dump/dump.h"
#include "dump/options.h"
#include "dump/spool.h"
#include "dump/tree.h"
#include "kernel/write_track.h"

struct err;
struct memory;

/* Of one process. */
struct precopied {
	pid_t pid;
	uint64_t start_time; /* /proc/PID/stat: it is still that one */
	struct process_memory memory;
	struct write_track track;
	struct spool spool;
	struct memory_ranges written; /* since it was copied, found when it stood still */
	struct memory_ranges again;   /* what was copied more than once */
};

struct precopy {
	const struct dump_options *options;
	struct precopied **processes; /* pointers stay valid */
	size_t n_processes;
	uint64_t bytes;	   /* of the last round, and */
	uint64_t time;	   /* how long it took, nanoseconds */
	uint64_t stopping; /* how long everything stood still for the first look, nanoseconds */
	unsigned rounds;
};

/*
 * Stops the processes for a moment to have their writes watched, lets them run, and copies until what they
 * write meanwhile can be read within options->max_pause. Fails with ERR_UNSUPPORTED where writes cannot be watched, or when they
 * write faster than can be copied.
 */
int precopy_run(const struct dump_options *options, const struct kernel_features *features,
		struct precopy *ret_precopy, struct err *err);

/* When they stand still again: notes what was written last. */
int precopy_catch_up(struct precopy *precopy, const struct tree *tree, struct err *err);

/* When their mappings are read: those that are watched, until precopy_done, do not look so. */
int precopy_disown(struct precopy *precopy, struct dump *dump, struct err *err);

/* The spool of a process, made empty for one that is new; what is missing or outdated in it is copied now. */
int precopy_complete(struct precopy *precopy, struct target *target, const struct memory *memory,
		     struct spool **ret_spool, struct err *err);

/* Into the records: what was written while it was copied is the working set. */
int precopy_note(const struct precopy *precopy, struct dump *dump, struct err *err);

/* Accepts and leaves an empty one. */
void precopy_done(struct precopy *precopy);

#endif
