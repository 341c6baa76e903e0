/* SPDX-License-Identifier: MIT */
/* Generations of images of the same processes: each stores only what has changed since the one before. */
#ifndef PIMAGE_DUMP_HISTORY_H
#define PIMAGE_DUMP_HISTORY_H

#include "dump/dump.h"
#include "dump/page_hashes.h"
#include "dump/tree.h"
#include "format/digest.h"
#include "kernel/write_track.h"

struct err;

/* A process of the generation before. */
struct history_process {
	pid_t pid;
	uint64_t start_time;
	struct write_track track;
	struct memory_ranges stored;  /* private pages that the image before has, or leads to */
	struct memory_ranges written; /* since then; found when it stands still */
};

struct history {
	struct history_process **processes; /* pointers stay valid */
	size_t n_processes;
	char *previous; /* name of the last image in its folder; NULL: the next one stores everything */
	struct digest digest; /* of its index */
	unsigned links;	      /* images that lead from there to one that stores everything */
	struct hash_book had; /* of the pages that it has, or leads to */
	struct hash_book has; /* of the image under way */
};

/* When the processes stand still: notes what was written. Those that are not there any more are watched no longer. */
int history_catch_up(struct history *history, const struct tree *tree, struct err *err);

/* When their mappings are read: those that are watched do not look so. */
int history_disown(struct history *history, struct dump *dump, struct err *err);

/*
 * When the state is read and remotes are open still: the mappings are watched from now on. Of processes that cannot be watched
 * everything is compared the next time; *ret_watched is how many are.
 */
int history_watch(struct history *history, const struct dump *dump, size_t *ret_watched,
		  struct err *err);

/* Before dump_settle: pages that the image before has are not saved again. */
int history_divide(const struct history *history, struct dump *dump, struct err *err);

/* After it: nor are those that were written and hold what they held, unless that makes too many ranges (dump/thin.h). What is written now is noted for the next time. */
int history_compare(struct history *history, struct dump *dump, struct err *err);

/* The image is on the disk under its name in `folder`. */
int history_note(struct history *history, const struct dump *dump, const char *folder,
		 const char *name, struct err *err);

/* The next image stores everything, and notes what was written since this one as the working set. */
void history_begin_anew(struct history *history);

/* Nothing of the last generation counts: the next image stores everything. Also releases; accepts an empty one. */
void history_forget(struct history *history);

#endif
