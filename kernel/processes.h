/* SPDX-License-Identifier: MIT */
/* Processes, by parent and session. */
#ifndef PIMAGE_PROCESSES_H
#define PIMAGE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct kernel_features;

struct process_entry {
	pid_t pid;
	pid_t parent;
	pid_t session;
	uint32_t threads;
	uint64_t started; /* ticks since boot */
	bool ended; /* all of its threads have: it waits for its parent to ask for its status */
};

struct processes {
	struct process_entry *list; /* malloc'd; ascending pids */
	size_t count;
	size_t unseen; /* of processes_below: those that were named as children, and could not be looked at */
};

/* As /proc shows them one after another: whoever is not stopped may fork or end meanwhile. */
int processes_read(struct processes *ret_processes, struct err *err);

/*
 * At least a process and all that is born of it. From /proc/PID/task/TID/children where the kernel has that
 * (CONFIG_PROC_CHILDREN), which does not depend on how many processes others have. That list may lack one whose elder sibling
 * is reaped meanwhile (fs/proc/array.c, get_children_proc_fd): what must be complete is asked for again until nothing new comes, and
 * as many are unseen as before. Of those of `standing`, who stand still, everything but the parent is taken from there; NULL: of none. Up to so
 * many threads look.
 */
int processes_below(pid_t root, const struct processes *standing,
		    const struct kernel_features *features, unsigned threads,
		    struct processes *ret_processes, struct err *err);

/* NULL: it was not there. */
const struct process_entry *processes_find(const struct processes *processes, pid_t pid);

/* Accepts a zeroed struct; leaves a zeroed one. */
void processes_release(struct processes *processes);

#endif
