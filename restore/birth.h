/* SPDX-License-Identifier: MIT */
/* Making another process by clone3 inside one that is there. */
#ifndef PIMAGE_RESTORE_BIRTH_H
#define PIMAGE_RESTORE_BIRTH_H

#include "restore/canvas.h"

struct err;
struct process;
struct restore;

/* What its parent is told of its end; a helper's end must not be noticed. */
enum birth_end {
	END_TOLD,   /* SIGCHLD */
	END_UNTOLD, /* nothing; the parent can wait for it with __WALL only */
};

/*
 * Clones a copy of the parent, which comes with its remote. ret_child->name and own_pid are kept; pid, present, frozen and
 * remote are set. number 0: the kernel chooses. flags: of clone3(2), what they share. On failure nothing is left. errno is EEXIST when the number is taken.
 */
int birth_clone(struct canvas *parent, uint32_t number, uint64_t flags, enum birth_end end,
		struct canvas *ret_child, struct err *err);

/* Executes the program of the process in it; the remote is opened anew. Nothing of the parent's memory stays. */
int birth_execute(const struct restore *restore, struct canvas *canvas,
		  const struct process *process, struct err *err);

#endif
