/* SPDX-License-Identifier: MIT */
/* What to say where fork(2) or clone(2) fails for want of numbers. */
#ifndef PIMAGE_FORK_LIMIT_H
#define PIMAGE_FORK_LIMIT_H

#include <errno.h>

/* To stand behind what could not be made: " (...)" with what limits it; nothing for other errors. */
static inline const char *fork_limit(int error)
{
	return error == EAGAIN
		       ? " (the number of processes is limited: ulimit -u, pids.max of the cgroup)"
		       : "";
}

#endif
