/* SPDX-License-Identifier: MIT */
/*
 * What smaps tells of large processes takes as long as a fork of them. It is read before they are stopped, taken for true while they stand
 * still, and read again of the copy that is forked then (dump/late.h), as their page tables are. If it was not true the dump is done again without.
 */
#ifndef PIMAGE_DUMP_FOREKNOWN_H
#define PIMAGE_DUMP_FOREKNOWN_H

#include "kernel/proc_maps.h"

#include <sys/types.h>

struct tree;

struct foreknown_process {
	pid_t pid;
	struct maps maps; /* with detail */
};

struct foreknown {
	struct foreknown_process *processes;
	size_t n_processes;
};

/* Of the processes of a tree that runs, as far as it is worth it and can be had. */
void foreknown_read(struct foreknown *foreknown, const struct tree *tree);

/* NULL: nothing. Accepts NULL. */
const struct maps *foreknown_maps(const struct foreknown *foreknown, pid_t pid);

/* Accepts and leaves an empty one. */
void foreknown_done(struct foreknown *foreknown);

#endif
