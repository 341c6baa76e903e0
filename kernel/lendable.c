/* SPDX-License-Identifier: MIT */
/* What stands in the way of system calls in a thread. */
#include "kernel/lendable.h"

#include <errno.h>
#include <sys/ptrace.h>

#include "arch/host.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/freeze.h"
#include "kernel/task_status.h"

static int check_seccomp(pid_t tid, struct err *err)
{
	_cleanup_(proc_status_release) struct proc_status status = { 0 };

	if (task_status(tid, &status, err) < 0)
		return -1;
	if (status.seccomp)
		return err_set(err, ERR_UNSUPPORTED,
			       "thread %d is under seccomp (%s): system calls made in it could be "
			       "punished",
			       tid, status.seccomp == 1 ? "strict mode" : "a filter");
	return 0;
}

static int check_dispatch(pid_t tid, struct err *err)
{
	struct ptrace_sud_config dispatch = { 0 };

	/* Older kernels cannot be asked. */
	if (ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, tid,
		   sizeof(dispatch), &dispatch) < 0)
		return 0;
	if (dispatch.mode)
		return err_set(err, ERR_UNSUPPORTED,
			       "thread %d has its system calls turned into signals "
			       "(PR_SET_SYSCALL_USER_DISPATCH)",
			       tid);
	return 0;
}

int lendable_check(struct frozen_thread *thread, struct err *err)
{
	if (thread->lendable)
		return 0;
	if (arch_regs_compat(&thread->regs))
		return err_set(err, ERR_UNSUPPORTED, "thread %d runs 32-bit code", thread->tid);
	if (check_dispatch(thread->tid, err) < 0 ||
	    (!thread->unfiltered && check_seccomp(thread->tid, err) < 0))
		return -1;
	thread->lendable = thread->unfiltered = true;
	return 0;
}
