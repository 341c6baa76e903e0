/* SPDX-License-Identifier: MIT */
/* System calls that a stop interrupts although no signal came: making them go on. */
#ifndef PIMAGE_INTERRUPTED_H
#define PIMAGE_INTERRUPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "format/cleanup.h"

struct err;
struct frozen;
struct frozen_thread;
struct kernel_features;

/* A thread that was seen asleep in a system call with a time limit. */
struct sleeper {
	pid_t tid;
	int64_t nr;
	int64_t restarted; /* if nr is restart_syscall: the call behind it; -1: unknown */
	uint64_t args[6];
	uint64_t sp;
	uint64_t switches; /* how often it had gone to sleep */
	uint64_t since_ns; /* CLOCK_MONOTONIC; 0: unknown, or awake meanwhile */
};

struct sleepers {
	struct sleeper *list; /* malloc'd; ascending tids */
	size_t count;
};

/*
 * To be called shortly before the process is stopped: how long a thread has been waiting cannot be
 * seen afterwards. Never fails: what cannot be found out is not in the list.
 */
void sleepers_note(int procdir, const uint32_t *tids, size_t n,
		   const struct kernel_features *features, struct sleepers *ret_sleepers);

/*
 * To be called at the last moment before the stop: forgets those that have been awake since. One
 * that wakes after this, and is stopped on its way into the same call again, cannot be told from
 * one that slept on.
 */
void sleepers_confirm(int procdir, struct sleepers *sleepers);

/* Accepts a zeroed struct; leaves a zeroed one. */
void sleepers_release(struct sleepers *sleepers);
#define _cleanup_sleepers_ _cleanup_(sleepers_release)

/*
 * A thread just stopped, whose call the stop has ended with EINTR (signal(7), "Interruption of system
 * calls by stop signals": epoll_wait, sigtimedwait, semop, sockets with time limits, ...): arranges at
 * once, before we may be killed, for the call to be run again. If a handler runs first, it returns
 * EINTR as it should.
 */
int interrupted_hold(struct frozen_thread *thread, struct err *err);

/*
 * Later, for all threads: sets asleep_since_ns and restarted where known, and gives the calls that
 * are held what is left of their time.
 */
int interrupted_settle(struct frozen *frozen, const struct sleepers *sleepers, struct err *err);

#endif
