/* SPDX-License-Identifier: MIT */
/* Several jobs of one image at once: --copies. */
#ifndef PIMAGE_RESTORE_COPIES_H
#define PIMAGE_RESTORE_COPIES_H

#include "restore/restore.h"

struct image_reader;

/* Adds a problem for everything of the image that there can be only once, and says what is not shared. */
void copies_check(struct restore *restore, struct image_reader *reader);

/*
 * Makes options->copies jobs, after the checks of `first`, which becomes one of them: all or none. Their memory is filled once, in a
 * template. Returns as run_restore.
 */
int copies_restore(struct restore *first, struct image_reader *reader, enum pids_mode mode,
		   struct err *err);

#endif
