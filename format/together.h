/* SPDX-License-Identifier: MIT */
/* Threads of this program, which its signals do not reach: they stay with the one that has others stop. */
#ifndef PIMAGE_TOGETHER_H
#define PIMAGE_TOGETHER_H

#include <pthread.h>
#include <stddef.h>

struct err;

/* pthread_create(3) with all signals blocked. 0, or an error number. */
int together_start(pthread_t *thread, void *(*run)(void *argument), void *argument);

/*
 * Calls `each` for every index below n, in up to so many threads, this one included, and returns when all are done. If no thread can be had, this one
 * does it all.
 */
#define TOGETHER_MAX 16
void together(unsigned threads, size_t n, void (*each)(void *context, size_t index), void *context);

/* The same of what may fail: all are called, and the failure of the lowest index is told. */
int together_try(unsigned threads, size_t n,
		 int (*each)(void *context, size_t index, struct err *err), void *context,
		 struct err *err);

/* How many of these threads are worth starting for so much work, in units that take longer than that. */
static inline unsigned together_some(unsigned threads, size_t units)
{
	return units + 1 < threads ? (unsigned)units + 1 : threads;
}

#endif
