/* SPDX-License-Identifier: MIT */
/* Which way to keep memory as it is, before anything is stopped. */
#ifndef PIMAGE_DUMP_FORESEE_H
#define PIMAGE_DUMP_FORESEE_H

#include "dump/options.h"

struct tree;

/*
 * SNAPSHOT_AUTO comes to be SNAPSHOT_WP where a fork could take more memory than there is, if the processes write to all of
 * theirs meanwhile, or where its pause is foreseen to be longer than options->max_pause. Else it stays, and
 * snapshots_wanted decides once it is known what is to be saved. Other modes stay. ret_shared: about how much shared memory is
 * in use; 0 if that was not looked at. The tree runs, and tree_look was called; an empty one could not be looked at.
 */
enum snapshot_mode foresee_mode(const struct dump_options *options, const struct tree *tree,
				uint64_t *ret_shared);

#endif
