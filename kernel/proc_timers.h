/* SPDX-License-Identifier: MIT */
/* POSIX timers of a process, from the text of /proc/PID/timers. */
#ifndef PIMAGE_PROC_TIMERS_H
#define PIMAGE_PROC_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct proc_timer {
	int32_t id;
	int32_t signal;	  /* 0 possible when notify is SIGEV_NONE */
	uint64_t value;	  /* sigev_value, the whole word */
	uint32_t notify;  /* SIGEV_SIGNAL 0, SIGEV_NONE 1, SIGEV_THREAD 2; without the
			     SIGEV_THREAD_ID bit */
	bool thread;	  /* SIGEV_THREAD_ID: to the thread .target; else to the process */
	int32_t target;	  /* tid or pid, in the namespace of the /proc; 0: it has ended */
	int32_t clock_id; /* negative: clock of a process or thread, or a dynamic clock */
};

struct proc_timers {
	struct proc_timer *list; /* malloc'd; ascending ids (the kernel shows the newest first) */
	size_t count;
};

/*
 * The file needs CONFIG_CHECKPOINT_RESTORE in the kernel: where it is absent, reading it says
 * ENOENT.
 */
int proc_timers_parse(const char *text, size_t size, struct proc_timers *ret_timers,
		      struct err *err);

/* Accepts a zeroed struct; leaves a zeroed one. */
void proc_timers_release(struct proc_timers *timers);

#endif
