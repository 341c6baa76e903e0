/* SPDX-License-Identifier: MIT */
/* One processor for all who only ever wait for one another. */
#ifndef PIMAGE_ONE_CPU_H
#define PIMAGE_ONE_CPU_H

#include "kernel/sched.h"

#include <stdbool.h>

struct one_cpu {
	bool held;
	size_t size;			    /* bytes of the mask */
	uint64_t mask[SCHED_CPUS_MAX / 64]; /* of whoever is released */
};

/*
 * This thread, and what is born of it from now on, stays on the processor that it is on: exec has just put it on one that was idle
 * (sched_exec, kernel/sched/core.c). Where a tracer and its tracee take turns, the kernel wakes each on an idle processor rather than on the
 * one that is about to be, which costs an interrupt each time (10 microseconds and more on a virtual machine), and caches that know nothing.
 * Where there is no other processor, or none can be chosen (SCHED_DEADLINE), nothing is done.
 */
void one_cpu_hold(struct one_cpu *one_cpu);

/* This thread may run again where it could before. */
void one_cpu_release(struct one_cpu *one_cpu);

/* After that: so may what was born meanwhile, with its threads yet to be born. */
void one_cpu_release_born(const struct one_cpu *one_cpu, pid_t tid);

#endif
