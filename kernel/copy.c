/* SPDX-License-Identifier: MIT */
/* Holding the children of the call loop's fork: the one in between until it ends, the copy for good. */
#include "kernel/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "arch/host.h"
#include "format/err.h"
#include "kernel/borrow.h"
#include "kernel/fork_limit.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"
#include "kernel/remote_stack.h"
#include "kernel/tracee.h"

struct making {
	struct remote *remote;
	struct memory_copy copy;
	bool failed;
	struct err err;
};

static int set_options(pid_t pid, long options, struct err *err)
{
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | options) < 0)
		return err_sys(err, "thread %d: PTRACE_SETOPTIONS", pid);
	return 0;
}

/* CAP_SYS_PTRACE lets us trace what only CAP_KILL lets us kill, but a tracer may hand out any signal. */
static void end_process(pid_t pid, unsigned timeout_ms)
{
	struct stop stop;

	if (kill(pid, SIGKILL) < 0)
		ptrace(PTRACE_CONT, pid, 0, SIGKILL);
	while (tracee_wait(pid, timeout_ms, &stop, NULL) == 0 && stop.kind != STOP_GONE)
		ptrace(PTRACE_CONT, pid, 0, SIGKILL);
}

void memory_copy_kill(const struct memory_copy *copy)
{
	if (copy->pid)
		kill(copy->pid, SIGKILL);
}

void memory_copy_leave(struct memory_copy *copy)
{
	memory_copy_kill(copy);
	memory_close(&copy->memory);
	*copy = (struct memory_copy)MEMORY_COPY_EMPTY;
}

void memory_copy_end(struct memory_copy *copy)
{
	int error = errno;

	memory_close(&copy->memory);
	/* Giving back much memory takes its time. */
	if (copy->pid)
		end_process(copy->pid, 60000);
	*copy = (struct memory_copy)MEMORY_COPY_EMPTY;
	errno = error;
}

/*
 * Lets the child in between clone the copy and end. Signals, which its process group may get, are
 * dropped.
 */
static int pass_between(struct making *making, pid_t between, struct err *err)
{
	unsigned timeout_ms = making->remote->frozen->timeout_ms;
	unsigned long message = 0;
	struct stop stop;

	if (frozen_wait_born(between, timeout_ms, err) < 0 ||
	    set_options(between, PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE, err) < 0)
		return -1;
	do {
		if (tracee_resume(between, PTRACE_CONT, 0, err) < 0 ||
		    tracee_wait(between, timeout_ms, &stop, err) < 0)
			return -1;
		if (stop.kind == STOP_EVENT && stop.event == PTRACE_EVENT_CLONE &&
		    ptrace(PTRACE_GETEVENTMSG, between, 0, &message) == 0)
			making->copy.pid = (pid_t)message;
	} while (stop.kind != STOP_GONE);
	if (making->copy.pid)
		return 0;
	errno = stop.status ? stop.status : EINTR;
	return err_sys(err, "process %d: cloning a copy of it%s", making->remote->frozen->pid,
		       fork_limit(errno));
}

static int on_gone(struct making *making, const struct stop *stop, struct err *err)
{
	pid_t pid = making->copy.pid;

	/* Collected: the number may be another's by now. */
	making->copy.pid = 0;
	return err_set(err, ERR_FAILED, "copy %d was killed by signal %d", pid, stop->signal);
}

/* Stops at entry and return of a call look the same but for their order. */
static int hold(struct making *making, struct err *err)
{
	unsigned timeout_ms = making->remote->frozen->timeout_ms, seen = 0;
	pid_t pid = making->copy.pid;
	struct arch_regs regs;
	struct stop stop;

	if (tracee_wait(pid, timeout_ms, &stop, err) < 0)
		return -1;
	if (stop.kind == STOP_GONE)
		return on_gone(making, &stop, err);
	if (set_options(pid, PTRACE_O_EXITKILL, err) < 0)
		return -1;
	while (seen < 2) {
		if (tracee_resume(pid, PTRACE_SYSCALL, 0, err) < 0 ||
		    tracee_wait(pid, timeout_ms, &stop, err) < 0)
			return -1;
		if (stop.kind == STOP_GONE)
			return on_gone(making, &stop, err);
		if (arch_regs_get(pid, &regs, err) < 0)
			return -1;
		if (stop.kind == STOP_SYSCALL &&
		    arch_regs_ip(&regs) == arch_stub_copied_ip(making->remote->stub))
			seen++;
	}
	if (arch_regs_result(&regs) == 0)
		return 0;
	errno = (int)-arch_regs_result(&regs);
	return err_sys(err, "copy %d: closing its descriptors", pid);
}

/* Best effort: it only decides who is killed first. */
static void offer_to_oom(pid_t pid)
{
	_cleanup_close_ int fd = -1;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1000", 4) < 0)
		errno = 0;
}

/* Where the copy stands there are zero bytes afterwards; it never runs there. */
static int clear_loop(struct making *making, struct err *err)
{
	_cleanup_free_ void *zeros = calloc(1, arch_stub_size());

	if (!zeros)
		return err_sys(err, "clearing the call loop");
	return memory_write_forced(&making->copy.memory, making->remote->stub, zeros,
				   arch_stub_size(), err);
}

static int take(struct making *making, pid_t between, struct err *err)
{
	struct memory_copy *copy = &making->copy;

	if (pass_between(making, between, err) < 0) {
		end_process(between, making->remote->frozen->timeout_ms);
		return -1;
	}
	if (hold(making, err) < 0)
		return -1;
	offer_to_oom(copy->pid);
	if (memory_open(copy->pid, making->remote->frozen->features, &copy->memory, err) < 0)
		return -1;
	copy->memory.keep_shared = true;
	return clear_loop(making, err);
}

/*
 * The thread stands in its clone and has still to bury the child in between: it must go on,
 * whatever fails here.
 */
static int on_clone(void *context, struct frozen_thread *thread, int event, unsigned long message,
		    struct err *err)
{
	struct making *making = context;

	(void)thread;
	(void)err;
	if (event != PTRACE_EVENT_CLONE)
		return 0;
	making->failed = take(making, (pid_t)message, &making->err) < 0;
	if (making->failed)
		memory_copy_end(&making->copy);
	return 0;
}

static int fork_in(struct making *making, struct frozen_thread *thread, struct err *err)
{
	struct remote *remote = making->remote;
	struct remote_options options = remote->options;
	int64_t result = 0;
	int r;

	if (set_options(thread->tid, PTRACE_O_TRACECLONE, err) < 0)
		return -1;
	remote->options.event = on_clone;
	remote->options.context = making;
	r = borrow_copy(remote, thread, &result, err);
	remote->options = options;
	if (thread->stopped && set_options(thread->tid, 0, r < 0 ? NULL : err) < 0)
		return -1;
	if (r < 0 || result >= 0)
		return r;
	errno = (int)-result;
	return err_sys(err, "process %d: cloning a child in it%s", remote->frozen->pid,
		       fork_limit(errno));
}

int memory_copy_make(struct remote *remote, struct frozen_thread *thread,
		     struct memory_copy *ret_copy, struct err *err)
{
	struct making making = { .remote = remote, .copy = MEMORY_COPY_EMPTY };

	/* Or it would have what we put there. */
	if (remote_stack_return(remote, err) < 0)
		return -1;
	if (fork_in(&making, thread, err) < 0) {
		memory_copy_end(&making.copy);
		return -1;
	}
	if (making.failed)
		return err_set(err, making.err.code, "%s", making.err.msg);
	if (!making.copy.pid)
		return err_set(err, ERR_FAILED, "process %d: its child was not reported",
			       remote->frozen->pid);
	*ret_copy = making.copy;
	return 0;
}
