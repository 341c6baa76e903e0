/* SPDX-License-Identifier: MIT */
/* Seizing all threads of a running process, until no new one appears. */
#ifndef PIMAGE_SEIZE_H
#define PIMAGE_SEIZE_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct frozen;
struct frozen_thread;
struct sleepers;

/*
 * Fills .threads of a frozen whose .pid and .proc are set: ids, kinds of stop and states, all of them stopped.
 * On failure some may be stopped: thaw it. Confirms the sleepers in between, and notes
 * the time in .interrupted_ns.
 */
int seize_threads(struct frozen *frozen, bool exitkill, struct sleepers *sleepers, struct err *err);

/* Waits until a thread that was interrupted stands still; its tid is 0 then if it has ended. */
int seize_settle(struct frozen_thread *thread, unsigned timeout_ms, struct err *err);

/* Reads registers, mask and the like of a thread that stands still. */
int seize_state(struct frozen *frozen, struct frozen_thread *thread, struct err *err);

/* A new, empty entry at the end of .threads; NULL when out of memory. */
struct frozen_thread *frozen_append(struct frozen *frozen, pid_t tid, struct err *err);

/* Puts .threads in order of tid, and leaves out those whose tid is 0. */
void frozen_tidy(struct frozen *frozen);

/* The same when only the last one was added: adding many threads one by one must not sort each time. */
void frozen_place_last(struct frozen *frozen);

#endif
