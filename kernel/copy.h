/* SPDX-License-Identifier: MIT */
/* A copy of a process's memory at one moment, which the process can go on beside. */
#ifndef PIMAGE_COPY_H
#define PIMAGE_COPY_H

#include <sys/types.h>

#include "format/cleanup.h"
#include "kernel/memory.h"

struct err;
struct frozen_thread;
struct remote;

struct memory_copy {
	pid_t pid; /* of the process that has it and never runs; 0: none */
	struct process_memory memory;
};

#define MEMORY_COPY_EMPTY                                                                          \
	{                                                                                          \
		.memory = {.fd = -1 }                                                              \
	}

/*
 * Forks the process in the given thread. The copy runs nothing of the program: it is traced before
 * its first instruction, stands still from then on, and is killed when the calling thread ends,
 * however. It has no open descriptors, a session of its own, and is no child of the process: that
 * has no child more than before. It is the first victim when memory becomes scarce.
 *
 * As fork(2) has it, shared mappings are shared with it, and those under MADV_DONTFORK and
 * MADV_WIPEONFORK are not in it. Pages of private huge-page mappings (MAP_HUGETLB) can be taken away
 * from it by the process. The call loop's padding is zero in it.
 *
 * The process must have been frozen without exitkill, have no other pid namespace for its children
 * (unshare(2)), and be neither the init of its pid namespace nor a child subreaper: it would become
 * the copy's parent. Left for the process to see: two process ids used up, and a child in its
 * resource usage of children (getrusage(2)).
 *
 * Failures, such as a limit of processes (RLIMIT_NPROC) or of memory, leave nothing behind.
 */
int memory_copy_make(struct remote *remote, struct frozen_thread *thread,
		     struct memory_copy *ret_copy, struct err *err);

/* Kills it, without waiting until its memory is given back: nothing can be read of it any more. Accepts an empty one. */
void memory_copy_kill(const struct memory_copy *copy);

/*
 * For a caller that ends soon: kills it, and leaves it to the kernel to give its memory back (25 ms per GiB) and to its parent to bury it. Accepts and
 * leaves an empty one.
 */
void memory_copy_leave(struct memory_copy *copy);

/* Kills it. Accepts and leaves an empty one; for _cleanup_. */
void memory_copy_end(struct memory_copy *copy);
#define _cleanup_copy_ _cleanup_(memory_copy_end)

#endif
