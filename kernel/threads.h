/* SPDX-License-Identifier: MIT */
/* The threads of a process, by as few calls as possible. */
#ifndef PIMAGE_THREADS_H
#define PIMAGE_THREADS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * How many there are, those that have ended and were not reaped included, by one call; 0 if that cannot be told. The links of
 * /proc/PID/task are two more (fs/proc/base.c, proc_task_getattr).
 */
size_t threads_count(int procdir);

/* Their numbers, ascending; malloc'd. One alone has that of the process, which is `pid` in that /proc. */
int threads_list(int procdir, pid_t pid, uint32_t **ret_tids, size_t *ret_count, struct err *err);

#endif
