/* SPDX-License-Identifier: MIT */
/* One restore: plan, make, build, commit. */
#ifndef PIMAGE_RESTORE_RUN_H
#define PIMAGE_RESTORE_RUN_H

#include "restore/restore.h"

struct image_reader;

/* Loads the image and checks everything: restore->problems. Makes nothing. */
int run_plan(struct restore *restore, struct image_reader *reader, enum pids_mode *ret_mode,
	     struct err *err);

/* Only the checks, of an image that was loaded and planned for already: what prestore is to make is known then for this one, too. */
int run_check(struct restore *restore, struct err *err);

/*
 * Restores. Returns the exit status of prestore: that of the process in the foreground, else 0. On failure nothing is left
 * of the attempt.
 */
int run_restore(struct restore *restore, struct image_reader *reader, enum pids_mode mode,
		struct err *err);

void restore_done(struct restore *restore);

#endif
