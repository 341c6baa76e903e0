/* SPDX-License-Identifier: MIT */
/* All processes there are, by parent and session. */
#ifndef PIMAGE_PROCESSES_H
#define PIMAGE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

struct process_entry {
	pid_t pid;
	pid_t parent;
	pid_t session;
	bool ended; /* all of its threads have: it waits for its parent to ask for its status */
};

struct processes {
	struct process_entry *list; /* malloc'd; ascending pids */
	size_t count;
};

/*
 * As /proc shows them one after another: whoever is not stopped may fork or end meanwhile. (/proc/PID/task/TID/children needs
 * CONFIG_PROC_CHILDREN, which many kernels lack.)
 */
int processes_read(struct processes *ret_processes, struct err *err);

/* NULL: it was not there. */
const struct process_entry *processes_find(const struct processes *processes, pid_t pid);

/* Accepts a zeroed struct; leaves a zeroed one. */
void processes_release(struct processes *processes);

#endif
