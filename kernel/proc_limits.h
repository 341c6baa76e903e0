/* SPDX-License-Identifier: MIT */
/* Resource limits, from the text of /proc/PID/limits (which needs no right that prlimit(2) would).
 */
#ifndef PIMAGE_PROC_LIMITS_H
#define PIMAGE_PROC_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* All that there are, numbers 0..15 of the generic ABI (x86, arm, riscv, power, s390). */
#define PROC_LIMITS	     16
#define PROC_LIMIT_UNLIMITED UINT64_MAX

struct proc_limit {
	uint64_t soft; /* the unit of getrlimit(2); UINT64_MAX: unlimited */
	uint64_t hard;
};

struct proc_limits {
	struct proc_limit limit[PROC_LIMITS]; /* index: RLIMIT_ number */
	unsigned unknown; /* lines whose name is not known: a limit of a newer kernel */
};

/* Refuses a text that lacks one of the sixteen. */
int proc_limits_parse(const char *text, size_t size, struct proc_limits *ret_limits,
		      struct err *err);

#endif
