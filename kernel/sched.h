/* SPDX-License-Identifier: MIT */
/* How a thread is scheduled, read and set from outside. */
#ifndef PIMAGE_SCHED_H
#define PIMAGE_SCHED_H

#include <stdint.h>
#include <sys/types.h>

struct err;

struct sched_facts {
	uint32_t policy; /* SCHED_ */
	uint64_t flags;	 /* SCHED_FLAG_ */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime; /* nanoseconds, SCHED_DEADLINE */
	uint64_t deadline;
	uint64_t period;
	int ioprio;	/* class << 13 | priority, ioprio_get(2) */
	char *affinity; /* malloc'd, "0-3,8" */
};

int sched_facts(pid_t tid, struct sched_facts *ret_facts, struct err *err);

/*
 * sched_setattr(2), then ioprio_set(2), then sched_setaffinity(2) with those of the CPUs that this host has. Returns 1
 * when some of the CPUs are not to be had here, 0 when all was set. What is so already is not set again, so that no
 * privilege is asked for without need.
 */
int sched_apply(pid_t tid, const struct sched_facts *facts, struct err *err);

#endif
