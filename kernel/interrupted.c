/* SPDX-License-Identifier: MIT */
/* What a stop has done to a thread's system call, and undoing it. */
#include "kernel/interrupted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "arch/host.h"
#include "format/err.h"
#include "format/search.h"
#include "kernel/compat.h"
#include "kernel/freeze.h"
#include "kernel/monotonic.h"
#include "kernel/wait_calls.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/* The kernel notes when a thread falls asleep some microseconds after it has taken the time. */
#define SINCE_ERROR_NS (NS_PER_MS / 10)

static const struct sleeper *find(const struct sleepers *sleepers, pid_t tid)
{
	size_t low = SEARCH(sleepers->count, i, sleepers->list[i].tid < tid);

	return low < sleepers->count && sleepers->list[low].tid == tid ? &sleepers->list[low]
								       : NULL;
}

/*
 * Still the very same sleep: the same call, and since it was looked at the thread has given up the
 * processor once, for the stop. A call that was made anew, perhaps with the same arguments, must
 * not be cut short.
 */
static bool same_sleep(const struct sleeper *sleeper, const struct arch_regs *regs, int procdir)
{
	uint64_t switches;

	if (!sleeper->since_ns || sleeper->nr != arch_regs_syscall(regs) ||
	    sleeper->sp != arch_regs_sp(regs))
		return false;
	for (unsigned i = 0; i < 6; i++)
		if (sleeper->args[i] != arch_regs_arg(regs, i))
			return false;
	return sleeper_switches(procdir, sleeper->tid, &switches) == 0 &&
	       switches == sleeper->switches + 1;
}

/* In nanoseconds; UINT64_MAX: none, or it cannot be read. */
static uint64_t limit_of(const struct frozen *frozen, const struct frozen_thread *thread,
			 const struct wait_call *call)
{
	uint64_t arg = arch_regs_arg(&thread->regs, call->arg);
	struct timespec time;

	/* An int: the upper half of the register means nothing. */
	if (call->limit == WAIT_MS)
		return (int32_t)arg < 0 ? UINT64_MAX : (uint64_t)(int32_t)arg * NS_PER_MS;
	if (call->limit == WAIT_UNLIMITED || !arg ||
	    memory_read(&frozen->memory, arg, &time, sizeof(time), NULL) < 0 || time.tv_sec < 0 ||
	    time.tv_sec > INT32_MAX)
		return UINT64_MAX;
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

/*
 * A wait whose time was up before the stop has ended by itself; what was interrupted then is the
 * next one, before it could fall asleep, and that has all of its time left.
 */
static void note_since(const struct frozen *frozen, struct frozen_thread *thread, uint64_t since)
{
	const struct wait_call *call = wait_call_find(arch_regs_syscall(&thread->regs));
	uint64_t limit = call ? limit_of(frozen, thread, call) : UINT64_MAX;

	if (limit == UINT64_MAX || since + limit > frozen->interrupted_ns + SINCE_ERROR_NS)
		thread->asleep_since_ns = since;
}

/*
 * The new limit lies below the stack and its red zone, where the thread has nothing. The kernel
 * reads it at once when the call is run again. Not where that cannot be written: then the limit
 * begins anew.
 */
static void shorten_timespec(struct frozen *frozen, struct frozen_thread *thread, unsigned arg,
			     uint64_t left)
{
	uint64_t at = (arch_regs_sp(&thread->regs) - ARCH_RED_ZONE - 64) & ~UINT64_C(15);
	struct timespec time = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };

	if (memory_write(&frozen->memory, at, &time, sizeof(time), NULL) == 0)
		arch_regs_set_arg(&thread->regs, arg, at);
}

static int shorten(struct frozen *frozen, struct frozen_thread *thread, struct err *err)
{
	const struct wait_call *call = wait_call_find(arch_regs_syscall(&thread->regs));
	uint64_t limit = limit_of(frozen, thread, call), now = monotonic_ns();
	uint64_t end = thread->asleep_since_ns + limit, left = end > now ? end - now : 0;

	if (!thread->asleep_since_ns || limit == UINT64_MAX)
		return 0;
	if (call->limit == WAIT_TIMESPEC)
		shorten_timespec(frozen, thread, call->arg, left);
	else
		arch_regs_set_arg(&thread->regs, call->arg, (left + NS_PER_MS - 1) / NS_PER_MS);
	return arch_regs_set(thread->tid, &thread->regs, err);
}

/*
 * ERESTARTNOHAND is the result that means what is wanted: run again, but EINTR after a handler.
 * Of a group-stopped thread the EINTR is none of our doing, it stays.
 */
int interrupted_hold(struct frozen_thread *thread, struct err *err)
{
	const struct wait_call *call = wait_call_find(arch_regs_syscall(&thread->regs));

	if (thread->stop_signal || arch_regs_result(&thread->regs) != -EINTR || !call ||
	    !call->ends_with_eintr)
		return 0;
	thread->held = true;
	arch_regs_set_result(&thread->regs, -KERNEL_ERESTARTNOHAND);
	return arch_regs_set(thread->tid, &thread->regs, err);
}

/* Where the number is loaded right before the system call, as in most of the C library. */
static long restarted_by_code(const struct frozen *frozen, const struct arch_regs *regs)
{
	long nr = arch_call_number_at(&frozen->memory, regs);
	const struct wait_call *call = wait_call_find(nr);

	return call && !call->ends_with_eintr ? nr : -1;
}

static void note_restarted(const struct frozen *frozen, struct frozen_thread *thread,
			   const struct sleeper *sleeper)
{
	thread->restarted = restarted_by_code(frozen, &thread->regs);
	if (thread->restarted < 0 && sleeper && sleeper->nr == SYS_restart_syscall)
		thread->restarted = (long)sleeper->restarted;
}

int interrupted_settle(struct frozen *frozen, const struct sleepers *sleepers, struct err *err)
{
	for (size_t i = 0; i < frozen->n_threads; i++) {
		struct frozen_thread *thread = frozen->threads[i];
		const struct sleeper *sleeper = find(sleepers, thread->tid);
		long nr = arch_regs_syscall(&thread->regs);

		if (nr < 0)
			continue;
		if (sleeper && same_sleep(sleeper, &thread->regs, frozen->proc))
			note_since(frozen, thread, sleeper->since_ns);
		if (nr == SYS_restart_syscall)
			note_restarted(frozen, thread, sleeper);
		if (thread->held && shorten(frozen, thread, err) < 0)
			return -1;
	}
	return 0;
}
