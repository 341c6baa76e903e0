/* SPDX-License-Identifier: MIT */
/* Threads of this program, which its signals do not reach: they stay with the one that has others stop. */
#ifndef PIMAGE_TOGETHER_H
#define PIMAGE_TOGETHER_H

#include <pthread.h>
#include <stddef.h>

/* pthread_create(3) with all signals blocked. 0, or an error number. */
int together_start(pthread_t *thread, void *(*run)(void *argument), void *argument);

/*
 * Calls `each` for every index below n, in up to so many threads, this one included, and returns when all are done. If no thread can be had, this one
 * does it all.
 */
#define TOGETHER_MAX 16
void together(unsigned threads, size_t n, void (*each)(void *context, size_t index), void *context);

#endif
