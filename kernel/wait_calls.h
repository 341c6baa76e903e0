/* SPDX-License-Identifier: MIT */
/* The system calls that wait, and where they have their time limit. */
#ifndef PIMAGE_WAIT_CALLS_H
#define PIMAGE_WAIT_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum wait_limit {
	WAIT_UNLIMITED,
	WAIT_MS,       /* an int of milliseconds; negative: none */
	WAIT_TIMESPEC, /* address of a struct timespec, relative; 0: none */
};

struct wait_call {
	int64_t nr;
	enum wait_limit limit;
	unsigned arg; /* which argument that is */
	/*
	 * A stop ends it with EINTR, although nothing was done and no signal came: it may be run
	 * again. The others restart by themselves.
	 */
	bool ends_with_eintr;
};

/* NULL: not one of them. */
const struct wait_call *wait_call_find(int64_t nr);

/* Whether it waits with a limit that is given in its arguments. */
bool wait_call_limited(int64_t nr, const uint64_t args[6]);

/* Whether that limit is a point in time, which stays what it is however often the call is made. */
bool wait_call_absolute(int64_t nr, const uint64_t args[6]);

/*
 * Whether the signal mask of a thread in this call, or in none (<0), is that outside of it. Only of those in which most threads wait: a call that is not known, of
 * a later kernel, may have a mask of its own, as ppoll, sigsuspend, epoll_pwait, io_pgetevents and io_uring_enter have.
 */
bool wait_call_keeps_mask(int64_t nr);

/* How often a thread has gone to sleep; <0 if the kernel does not tell. */
int sleeper_switches(int procdir, pid_t tid, uint64_t *ret_switches);

#endif
