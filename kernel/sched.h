/* SPDX-License-Identifier: MIT */
/* How a thread is scheduled, read and set from outside. */
#ifndef PIMAGE_SCHED_H
#define PIMAGE_SCHED_H

#include <stdbool.h>
#include <stddef.h>
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
	char *affinity; /* malloc'd, "0-3,8"; sched_apply: NULL leaves it as it is */
};

int sched_facts(pid_t tid, struct sched_facts *ret_facts, struct err *err);

#define SCHED_CPUS_MAX	    8192
#define SCHED_IOPRIO_THREAD 1 /* IOPRIO_WHO_PROCESS, ioprio_get(2) */

/* struct sched_attr of sched_setattr(2), first version: every kernel takes it. */
struct sched_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

/* The same of what the thread itself has answered, by sched_getattr(2), ioprio_get(2) and sched_getaffinity(2). */
struct sched_answers {
	struct sched_attributes attributes;
	int64_t ioprio;
	int64_t used; /* bytes of the mask */
	uint64_t cpus[SCHED_CPUS_MAX / 64];
};
int sched_facts_of(pid_t tid, const struct sched_answers *answers, struct sched_facts *ret_facts,
		   struct err *err);

/* Bytes of a mask that sched_getaffinity(2) takes, and fills, in the raw. */
size_t sched_mask_size(void);

/*
 * The CPUs that this thread could be bound to, of which its cpuset decides: those of whoever never was bound. As .affinity, malloc'd; NULL if that
 * cannot be found out. The thread is bound afterwards as it was before.
 */
char *sched_unbound(void);

/* Whether the process of a directory /proc/PID is in the cpuset of this one, as far as anybody can tell: cpuset(7). */
bool sched_same_cpuset(int procdir);

/*
 * sched_setattr(2), then ioprio_set(2), then sched_setaffinity(2) with those of the CPUs that this host has. Returns 1
 * when some of the CPUs are not to be had here, 0 when all was set. What is so already is not set again, so that no
 * privilege is asked for without need.
 */
int sched_apply(pid_t tid, const struct sched_facts *facts, struct err *err);

#endif
