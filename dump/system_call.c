/* SPDX-License-Identifier: MIT */
#include "dump/system_call.h"

#include "format/err.h"
#include "kernel/compat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

enum { CODE_BEFORE = 16 };

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

/*
 * The calls that use a restart block with a relative time-out (kernel/time/hrtimer.c, fs/select.c, kernel/futex), and
 * where their time is: an argument that is a number of milliseconds, or that points to a timespec.
 */
struct timed_call {
	long number;
	int milliseconds; /* argument, or -1 */
	int timespec;	  /* argument, or -1 */
	int remainder;	  /* argument that points to where the kernel has left the rest, or -1 */
};
static const struct timed_call timed_calls[] = {
	{ SYS_nanosleep, -1, 0, 1 },
	{ SYS_clock_nanosleep, -1, 2, 3 },
	{ SYS_poll, 2, -1, -1 },
	{ SYS_futex, -1, 3, -1 },
};

static const struct timed_call *timed_call(long number)
{
	for (size_t i = 0; i < sizeof(timed_calls) / sizeof(*timed_calls); i++)
		if (timed_calls[i].number == number)
			return &timed_calls[i];
	return NULL;
}

/*
 * A thread that was interrupted once before is in restart_syscall(2), and its own call's number is gone. The code
 * that made the call mostly has it: mov $number, %eax; syscall.
 */
static long number_in_code(const struct target *target, const struct arch_regs *regs)
{
	uint64_t ip = arch_regs_ip(regs);
	uint8_t code[CODE_BEFORE];
	int32_t number;

	if (ip < sizeof(code) + 2 ||
	    memory_read(&target->memory, ip - 2 - sizeof(code), code, sizeof(code), NULL) < 0)
		return -1;
	for (int at = CODE_BEFORE - 5; at >= 0; at--) {
		if (code[at] != 0xb8)
			continue;
		memcpy(&number, &code[at + 1], sizeof(number));
		if (timed_call(number))
			return number;
	}
	return -1;
}

/* The whole time-out that the call was made with; false when it cannot be read. */
static bool whole_time(const struct target *target, const struct timed_call *call,
		       const struct arch_regs *regs, uint64_t *ret_time)
{
	struct timespec time;

	if (call->milliseconds >= 0) {
		*ret_time = arch_regs_arg(regs, (unsigned)call->milliseconds) * 1000000;
		return true;
	}
	if (memory_read(&target->memory, arch_regs_arg(regs, (unsigned)call->timespec), &time,
			sizeof(time), NULL) < 0)
		return false;
	*ret_time = nanoseconds(&time);
	return true;
}

static bool left_by_kernel(const struct target *target, const struct timed_call *call,
			   const struct arch_regs *regs, uint64_t *ret_time)
{
	struct timespec time;
	uint64_t address;

	if (call->remainder < 0)
		return false;
	address = arch_regs_arg(regs, (unsigned)call->remainder);
	if (!address || memory_read(&target->memory, address, &time, sizeof(time), NULL) < 0)
		return false;
	*ret_time = nanoseconds(&time);
	return true;
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

int system_call_collect(struct dump *dump, const struct target *target,
			const struct frozen_thread *from, struct thread *thread, struct err *err)
{
	long number = arch_regs_syscall(&from->regs);
	const struct timed_call *call;
	uint64_t whole = 0, left = 0;
	bool repeated = number == SYS_restart_syscall, known;

	if (number < 0 || arch_regs_result(&from->regs) != -KERNEL_ERESTART_RESTARTBLOCK)
		return 0;
	if (repeated)
		number = number_in_code(target, &from->regs);
	call = timed_call(number);
	if (!call) {
		problems_add(&dump->problems, VERDICT_APPROXIMATED, target->name,
			     "thread %d: an interrupted system call (%ld) will return EINTR",
			     from->tid, number);
		return 0;
	}
	known = left_by_kernel(target, call, &from->regs, &left);
	if (!known && whole_time(target, call, &from->regs, &whole))
		/* After a restart the sleep began anew, so the clock gives only an upper bound of what is left. */
		known = !repeated && left_by_clock(from, whole, &left);
	thread->system_call = calloc(1, sizeof(*thread->system_call));
	if (!thread->system_call)
		return err_sys(err, "out of memory");
	*thread->system_call = (struct system_call){
		.number = (uint64_t)number,
		.restart = known ? RESTART_REMAINING : RESTART_AGAIN,
		.remaining = known ? left : whole,
	};
	if (!known)
		problems_add(&dump->problems, VERDICT_APPROXIMATED, target->name,
			     "thread %d: system call %ld begins again with its whole time-out",
			     from->tid, number);
	return 0;
}
