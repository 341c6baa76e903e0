/* SPDX-License-Identifier: MIT */
#include "dump/foresee.h"

#include "dump/tree.h"
#include "format/err.h"
#include "kernel/memory_left.h"

/* Left to all others, and to this program. */
#define RESERVE (UINT64_C(256) << 20)
/* Of the time that a fork and reading the page tables take, seen on slow machines: nanoseconds for a MiB, and for the rest. */
#define PAUSE_PER_MIB UINT64_C(45000)
#define PAUSE_REST    UINT64_C(8000000)

/* Most of what is shared is shared by all. */
static uint64_t in_use(const struct tree *tree, uint64_t *ret_shared)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tree->n_processes; i++) {
		const struct tree_look *look = &tree->processes[i]->look;

		sum += look->private;
		if (look->shared > *ret_shared)
			*ret_shared = look->shared;
	}
	return sum;
}

enum snapshot_mode foresee_mode(const struct dump_options *options, const struct tree *tree,
				uint64_t *ret_shared)
{
	uint64_t used, left, pause;

	*ret_shared = 0;
	if (options->snapshot != SNAPSHOT_AUTO || options->afterwards != AFTER_RUN)
		return (enum snapshot_mode)options->snapshot;
	/* Whatever fails here is told when it is done in earnest. */
	if (!tree->n_processes || memory_left(options->pid, &left, NULL) < 0)
		return SNAPSHOT_AUTO;
	used = in_use(tree, ret_shared);
	pause = PAUSE_REST + (used >> 20) * PAUSE_PER_MIB;
	if (used + RESERVE > left ||
	    (options->max_pause && pause > options->max_pause * UINT64_C(1000000)))
		return SNAPSHOT_WP;
	return SNAPSHOT_AUTO;
}
