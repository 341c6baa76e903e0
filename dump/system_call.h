/* SPDX-License-Identifier: MIT */
/* System calls that were interrupted in a way that only the kernel could go on from. */
#ifndef PIMAGE_DUMP_SYSTEM_CALL_H
#define PIMAGE_DUMP_SYSTEM_CALL_H

#include "dump/dump.h"
#include "format/thread.h"

/*
 * Fills thread->system_call when the thread is in a call that the kernel would go on with through its restart block:
 * which call, and how much of its time-out is left. Other calls are simply made again with the registers as they are.
 */
int system_call_collect(struct dump *dump, const struct target *target,
			const struct frozen_thread *from, struct thread *thread, struct err *err);

#endif
