/* SPDX-License-Identifier: MIT */
#include "restore/system_call.h"

#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/tracee.h"
#include "kernel/wait_calls.h"

#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

enum { SYSCALL_INSTRUCTION = 2, WAIT_MS_LIMIT = 10000 };

static bool absolute(const struct system_call *call, const struct arch_regs *regs)
{
	uint64_t args[6];

	for (unsigned i = 0; i < 6; i++)
		args[i] = arch_regs_arg(regs, i);
	return wait_call_absolute((int64_t)call->number, args);
}

/* The time that is left goes where the call looks for its time-out; the program's own memory stays as it is. */
static int give_time(struct canvas *canvas, const struct system_call *call, struct arch_regs *regs,
		     struct err *err)
{
	const struct wait_call *wait = wait_call_find((int64_t)call->number);
	const struct timespec time = { (time_t)(call->remaining / 1000000000),
				       (long)(call->remaining % 1000000000) };
	uint64_t at = canvas->remote.scratch + canvas->remote.scratch_size - sizeof(time);

	if (!wait || call->restart != RESTART_REMAINING || absolute(call, regs))
		return 0;
	if (wait->limit == WAIT_MS) {
		arch_regs_set_arg(regs, wait->arg, (call->remaining + 999999) / 1000000);
		return 0;
	}
	arch_regs_set_arg(regs, wait->arg, at);
	return memory_write(&canvas->frozen.memory, at, &time, sizeof(time), err);
}

static int await(pid_t tid, enum stop_kind kind, struct err *err)
{
	struct stop stop;

	if (tracee_wait(tid, WAIT_MS_LIMIT, &stop, err) < 0)
		return -1;
	if (stop.kind != kind)
		return err_set(err, ERR_FAILED,
			       "thread %d stopped unexpectedly (%d) in its system call", tid,
			       stop.kind);
	return 0;
}

/* Entering is seen before anything is done; an interrupt that is pending then cuts the wait short in the right way. */
static int enter_and_interrupt(pid_t tid, struct err *err)
{
	if (tracee_resume(tid, PTRACE_SYSCALL, 0, err) < 0 || await(tid, STOP_SYSCALL, err) < 0 ||
	    tracee_interrupt(tid, err) < 0 || tracee_resume(tid, PTRACE_CONT, 0, err) < 0)
		return -1;
	return await(tid, STOP_TRAP, err);
}

/* Where a sleep leaves what remains when it is cut short; -1: it does not. */
static int remainder_argument(const struct system_call *call)
{
	if (call->number == SYS_nanosleep)
		return 1;
	return call->number == SYS_clock_nanosleep ? 3 : -1;
}

/* The interrupt has made the kernel write what is left there, but the program's memory is to be what it was. */
static int enter_quietly(struct canvas *canvas, struct frozen_thread *thread,
			 const struct system_call *call, const struct arch_regs *regs,
			 struct err *err)
{
	int argument = remainder_argument(call);
	uint64_t at = argument < 0 ? 0 : arch_regs_arg(regs, (unsigned)argument);
	struct timespec before;

	if (!at || memory_read(&canvas->frozen.memory, at, &before, sizeof(before), NULL) < 0)
		return enter_and_interrupt(thread->tid, err);
	if (enter_and_interrupt(thread->tid, err) < 0)
		return -1;
	return memory_write(&canvas->frozen.memory, at, &before, sizeof(before), err);
}

int system_call_enter(struct canvas *canvas, struct frozen_thread *thread,
		      const struct system_call *call, struct arch_regs *regs, struct err *err)
{
	struct arch_regs entering = *regs, result;

	arch_regs_set_ip(&entering, arch_regs_ip(regs) - SYSCALL_INSTRUCTION);
	arch_regs_set_result(&entering, (int64_t)call->number);
	arch_regs_no_syscall(&entering);
	if (give_time(canvas, call, &entering, err) < 0 ||
	    frozen_set_state(&canvas->frozen, thread, &entering, ~0UL, err) < 0 ||
	    enter_quietly(canvas, thread, call, regs, err) < 0 ||
	    arch_regs_get(thread->tid, &result, err) < 0)
		return err_prefix(err, "system call %lu", call->number);
	if (arch_regs_result(&result) == -KERNEL_ERESTART_RESTARTBLOCK)
		return 0;
	/* It is done: something was ready, or the time was over. */
	arch_regs_set_result(regs, arch_regs_result(&result));
	if (arch_regs_result(&result) >= -4095 && arch_regs_result(&result) <= -KERNEL_ERESTARTSYS)
		return 0;
	arch_regs_no_syscall(regs);
	return 0;
}
