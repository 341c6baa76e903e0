/* SPDX-License-Identifier: MIT */
#include "dump/system_call.h"

#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/wait_calls.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

static bool read_time(const struct target *target, uint64_t address, uint64_t *ret_time)
{
	struct timespec time;

	if (!address || memory_read(&target->memory, address, &time, sizeof(time), NULL) < 0)
		return false;
	*ret_time = nanoseconds(&time);
	return true;
}

/* The time-out that the call was made with; false when it has none that counts from its beginning. */
static bool whole_time(const struct target *target, const struct wait_call *call,
		       const struct arch_regs *regs, uint64_t *ret_time)
{
	uint64_t args[6], arg;

	for (unsigned i = 0; i < 6; i++)
		args[i] = arch_regs_arg(regs, i);
	arg = args[call->arg];
	if (wait_call_absolute(call->nr, args))
		return false;
	if (call->limit == WAIT_TIMESPEC)
		return read_time(target, arg, ret_time);
	*ret_time = arg * 1000000;
	return call->limit == WAIT_MS && (int32_t)arg >= 0;
}

/* Sleeps have it written where the program wants to know what is left, if it does; kernel/time/hrtimer.c. */
static bool left_by_kernel(const struct target *target, long number, const struct arch_regs *regs,
			   uint64_t *ret_time)
{
	if (number == SYS_nanosleep)
		return read_time(target, arch_regs_arg(regs, 1), ret_time);
	if (number == SYS_clock_nanosleep)
		return read_time(target, arch_regs_arg(regs, 3), ret_time);
	return false;
}

static bool left_by_clock(const struct frozen_thread *from, uint64_t whole, uint64_t *ret_time)
{
	struct timespec now;
	uint64_t passed;

	if (!from->asleep_since_ns || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return false;
	passed = nanoseconds(&now) - from->asleep_since_ns;
	*ret_time = passed < whole ? whole - passed : 0;
	return true;
}

static void note(struct dump *dump, const struct target *target, const struct frozen_thread *from,
		 long number, const char *what)
{
	problems_add(&dump->problems, VERDICT_APPROXIMATED, target->name,
		     "thread %d: system call %ld %s", from->tid, number, what);
}

int system_call_collect(struct dump *dump, const struct target *target,
			const struct frozen_thread *from, struct thread *thread, struct err *err)
{
	long number = arch_regs_syscall(&from->regs);
	const struct wait_call *call;
	uint64_t whole = 0, left = 0;
	bool limited, known;

	if (number < 0 || arch_regs_result(&from->regs) != -KERNEL_ERESTART_RESTARTBLOCK)
		return 0;
	if (number == SYS_restart_syscall)
		number = from->restarted;
	call = wait_call_find(number);
	if (!call) {
		note(dump, target, from, number, "was interrupted and will return EINTR");
		return 0;
	}
	limited = whole_time(target, call, &from->regs, &whole);
	known = left_by_kernel(target, number, &from->regs, &left) ||
		(limited && left_by_clock(from, whole, &left));
	thread->system_call = calloc(1, sizeof(*thread->system_call));
	if (!thread->system_call)
		return err_sys(err, "out of memory");
	*thread->system_call = (struct system_call){
		.number = (uint64_t)number,
		.restart = known ? RESTART_REMAINING : RESTART_AGAIN,
		.remaining = known ? left : whole,
	};
	if (!known && limited)
		note(dump, target, from, number, "begins again with its whole time-out");
	return 0;
}
