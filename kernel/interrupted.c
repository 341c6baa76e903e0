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
#include "kernel/compat.h"
#include "kernel/freeze.h"
#include "kernel/wait_calls.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

static const struct sleeper *find(const struct sleepers *sleepers, pid_t tid)
{
	size_t low = 0, high = sleepers->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sleepers->list[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
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

static uint64_t elapsed_ns(const struct frozen_thread *thread)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	return ns > thread->asleep_since_ns ? ns - thread->asleep_since_ns : 0;
}

static void shorten_ms(struct frozen_thread *thread, const struct wait_call *call)
{
	uint64_t limit = arch_regs_arg(&thread->regs, call->arg);
	uint64_t elapsed = elapsed_ns(thread) / NS_PER_MS;

	/* As int: the upper half of the register means nothing. */
	limit &= INT32_MAX;
	arch_regs_set_arg(&thread->regs, call->arg, limit > elapsed ? limit - elapsed : 0);
}

/*
 * The new limit lies below the stack and its red zone, where the thread has nothing. The kernel
 * reads it at once when the call is run again. Not where that cannot be written: then the limit
 * begins anew.
 */
static void shorten_timespec(struct frozen *frozen, struct frozen_thread *thread,
			     const struct wait_call *call)
{
	uint64_t at = (arch_regs_sp(&thread->regs) - ARCH_RED_ZONE - 64) & ~UINT64_C(15);
	uint64_t elapsed = elapsed_ns(thread), limit;
	struct timespec time;

	if (memory_read(&frozen->memory, arch_regs_arg(&thread->regs, call->arg), &time,
			sizeof(time), NULL) < 0 ||
	    time.tv_sec < 0 || time.tv_sec > INT32_MAX)
		return;
	limit = (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
	limit = limit > elapsed ? limit - elapsed : 0;
	time.tv_sec = (time_t)(limit / NS_PER_S);
	time.tv_nsec = (long)(limit % NS_PER_S);
	if (memory_write(&frozen->memory, at, &time, sizeof(time), NULL) == 0)
		arch_regs_set_arg(&thread->regs, call->arg, at);
}

/*
 * ERESTARTNOHAND is the result that means what is wanted: run again, but EINTR after a handler.
 * Of a group-stopped thread the EINTR is none of our doing, it stays.
 */
static int run_again(struct frozen *frozen, struct frozen_thread *thread, struct err *err)
{
	const struct wait_call *call = wait_call_find(arch_regs_syscall(&thread->regs));

	if (thread->stop_signal || arch_regs_result(&thread->regs) != -EINTR || !call ||
	    !call->ends_with_eintr)
		return 0;
	if (thread->asleep_since_ns && call->limit == WAIT_MS)
		shorten_ms(thread, call);
	if (thread->asleep_since_ns && call->limit == WAIT_TIMESPEC)
		shorten_timespec(frozen, thread, call);
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

int interrupted_settle(struct frozen *frozen, int procdir, const struct sleepers *sleepers,
		       struct err *err)
{
	for (size_t i = 0; i < frozen->n_threads; i++) {
		struct frozen_thread *thread = frozen->threads[i];
		const struct sleeper *sleeper = find(sleepers, thread->tid);
		long nr = arch_regs_syscall(&thread->regs);

		if (nr < 0)
			continue;
		if (sleeper && same_sleep(sleeper, &thread->regs, procdir))
			thread->asleep_since_ns = sleeper->since_ns;
		if (nr == SYS_restart_syscall)
			note_restarted(frozen, thread, sleeper);
		if (run_again(frozen, thread, err) < 0)
			return -1;
	}
	return 0;
}
