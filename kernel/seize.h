/* SPDX-License-Identifier: MIT */
/* Seizing all threads of a running process, until no new one appears. */
#ifndef PIMAGE_SEIZE_H
#define PIMAGE_SEIZE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct frozen;
struct frozen_thread;

/*
 * Asks the listed threads (ascending) to stop, of a frozen whose .pid, .proc and .sleepers are set: those are confirmed just before, and the
 * time is noted in .asked_ns and .interrupted_ns. On failure some may be stopped: thaw it.
 */
int seize_begin(struct frozen *frozen, const uint32_t *tids, size_t n, struct err *err);

/* Fills .threads: ids and kinds of stop, all of them stopped, also those that were not listed. On failure likewise. */
int seize_end(struct frozen *frozen, struct err *err);

/* And their states. */
int seize_look(struct frozen *frozen, struct err *err);

/* Waits until a thread that was interrupted stands still; its tid is 0 then if it has ended. */
int seize_settle(struct frozen_thread *thread, unsigned timeout_ms, struct err *err);

/* Reads registers and the like of a thread that stands still. */
int seize_state(struct frozen *frozen, struct frozen_thread *thread, struct err *err);

/* A new, empty entry at the end of .threads; NULL when out of memory. */
struct frozen_thread *frozen_append(struct frozen *frozen, pid_t tid, struct err *err);

/* Puts .threads in order of tid, and leaves out those whose tid is 0. */
void frozen_tidy(struct frozen *frozen);

/* The same when only the last one was added: adding many threads one by one must not sort each time. */
void frozen_place_last(struct frozen *frozen);

#endif
