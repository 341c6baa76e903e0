/* SPDX-License-Identifier: MIT */
#include "kernel/step_out.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>

#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/tracee.h"

enum { STEPS_MAX = 5000 };

static bool inside(const struct arch_regs *regs, uint64_t start, uint64_t end)
{
	return arch_regs_ip(regs) >= start && arch_regs_ip(regs) < end;
}

/* A step ends with SIGTRAP; any other signal is one that is on its way to the thread and goes with the next step. */
static int step(const struct frozen *frozen, struct frozen_thread *thread, int *signal_number,
		struct err *err)
{
	struct stop stop;

	if (tracee_resume(thread->tid, PTRACE_SINGLESTEP, *signal_number, err) < 0 ||
	    tracee_wait(thread->tid, frozen->timeout_ms, &stop, err) < 0)
		return -1;
	if (stop.kind == STOP_GONE)
		return err_set(err, ERR_GONE, "thread %d ended", thread->tid);
	*signal_number = stop.kind == STOP_SIGNAL && stop.signal != SIGTRAP ? stop.signal : 0;
	return arch_regs_get(thread->tid, &thread->regs, err);
}

static int leave(const struct frozen *frozen, struct frozen_thread *thread, uint64_t start,
		 uint64_t end, struct err *err)
{
	int signal_number = 0;

	/* Also as long as a signal waits to be handed over: it would be lost. */
	for (int i = 0; i < STEPS_MAX; i++) {
		if (!inside(&thread->regs, start, end) && !signal_number)
			break;
		if (step(frozen, thread, &signal_number, err) < 0)
			return -1;
	}
	return inside(&thread->regs, start, end);
}

int frozen_step_out(struct frozen *frozen, uint64_t start, uint64_t end, unsigned *ret_inside,
		    struct err *err)
{
	*ret_inside = 0;
	for (size_t i = 0; i < frozen->n_threads; i++) {
		struct frozen_thread *thread = frozen->threads[i];
		int ret;

		if (!inside(&thread->regs, start, end) || thread->stop_signal)
			continue;
		ret = leave(frozen, thread, start, end, err);
		if (ret < 0)
			return err_prefix(err, "leaving the vDSO");
		*ret_inside += (unsigned)ret;
	}
	return 0;
}
