/* SPDX-License-Identifier: MIT */
/*
 * Lends a stopped thread's registers to the call loop. At every point at which the tracer may be
 * killed, the thread either has not left its place or finds its way back through the call loop.
 */
#include "kernel/borrow.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <time.h>

#include "arch/host.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/freeze.h"
#include "kernel/lendable.h"
#include "kernel/remote.h"
#include "kernel/rendezvous.h"
#include "kernel/tracee.h"

enum {
	FEW_RUNS = 8, /* are worth waiting for */
	RUNS_MAX = 64,
	RUN_NS = 20000, /* that two processors take for one at most */
};

static int install(struct borrowing *run, bool keep_scratch, struct err *err)
{
	struct remote *remote = run->remote;
	struct arch_stub_state state = {
		.regs = run->thread->regs,
		.sigmask = run->thread->sigmask,
		.rendezvous = run->rendezvous,
		.scratch = remote->scratch,
		.scratch_size = keep_scratch || remote->under ? 0 : remote->scratch_size,
	};
	_cleanup_free_ char *bytes = malloc(arch_stub_size());

	if (!bytes)
		return err_sys(err, "call loop");
	arch_stub_build(bytes, &state);
	return memory_write_forced(&remote->frozen->memory, remote->stub, bytes, arch_stub_size(),
				   err);
}

/*
 * The registers first: the call loop blocks signals by itself if it must, but nobody would unblock
 * them for a thread that still is in its own code.
 */
static int lend(struct borrowing *run, const struct arch_regs *regs, struct err *err)
{
	struct frozen_thread *thread = run->thread;
	struct remote *remote = run->remote;
	uint64_t mask = UINT64_MAX;
	bool lent = remote->lent == thread && remote->lent_rendezvous == run->rendezvous;

	remote->lent = NULL;
	if (run->rendezvous)
		mask &= ~(UINT64_C(1) << (run->rendezvous - 1));
	thread->borrowed = true;
	if (arch_regs_set(thread->tid, regs, err) < 0)
		return -1;
	if (lent)
		return 0;
	thread->mask_borrowed = true;
	return tracee_set_mask(thread->tid, mask, err);
}

static int resume(struct borrowing *run, int signal, struct err *err)
{
	int request = run->rendezvous || run->leaving ? PTRACE_CONT : PTRACE_SYSCALL;

	/* A stop of any kind forgets an interrupt that was asked for. */
	if (run->leaving && tracee_interrupt(run->thread->tid, err) < 0)
		return -1;
	if (tracee_resume(run->thread->tid, request, signal, err) < 0)
		return -1;
	run->thread->stopped = false;
	return 0;
}

static int on_gone(struct borrowing *run, const struct stop *stop, struct err *err)
{
	pid_t tid = run->thread->tid;

	run->thread->borrowed = run->thread->mask_borrowed = false;
	if (stop->signal)
		return err_set(err, ERR_GONE, "thread %d was killed by signal %d", tid,
			       stop->signal);
	return err_set(err, ERR_GONE, "thread %d has ended", tid);
}

static int on_signal(struct borrowing *run, const struct stop *stop, struct err *err)
{
	uint64_t here = arch_regs_ip(&run->regs);

	if (stop->signal == run->rendezvous) {
		run->done = here == arch_stub_rendezvous_ip(run->remote->stub);
		return run->done ? 0 : resume(run, 0, err);
	}
	/* The only other one that cannot be blocked. It is to stop the process, then as later. */
	if (stop->signal == SIGSTOP)
		return resume(run, SIGSTOP, err);
	return err_set(err, ERR_FAILED,
		       "thread %d: the call loop got signal %d at 0x%llx (loop at 0x%llx)",
		       run->thread->tid, stop->signal, (unsigned long long)here,
		       (unsigned long long)run->remote->stub);
}

/*
 * With PTRACE_SYSCALL the first system call after the last of ours tells that they are done. The
 * registers can be given back only in a trap: on return from a call the kernel would not look
 * whether another, interrupted one is to be run again.
 */
static int on_syscall(struct borrowing *run, struct err *err)
{
	if (arch_regs_ip(&run->regs) == arch_stub_after_ip(run->remote->stub))
		run->leaving = true;
	return resume(run, 0, err);
}

static int on_trap(struct borrowing *run, struct err *err)
{
	run->done =
		run->leaving && arch_regs_ip(&run->regs) == arch_stub_after_ip(run->remote->stub);
	return run->done ? 0 : resume(run, 0, err);
}

/*
 * Still inside of the system call: what is put into the registers now would be overwritten by its
 * result. A trap on the way out is the place for that.
 */
static int leave_exec(struct borrowing *run, struct err *err)
{
	struct frozen_thread *thread = run->thread;
	struct stop stop;

	run->remote->execed = true;
	thread->borrowed = false;
	do {
		if (tracee_interrupt(thread->tid, err) < 0 ||
		    tracee_resume(thread->tid, PTRACE_CONT, 0, err) < 0 ||
		    tracee_wait(thread->tid, run->remote->frozen->timeout_ms, &stop, err) < 0)
			return -1;
		if (stop.kind == STOP_GONE)
			return on_gone(run, &stop, err);
	} while (stop.kind != STOP_TRAP);
	if (arch_regs_get(thread->tid, &thread->regs, err) < 0)
		return -1;
	thread->rseq_size = 0;
	thread->stopped = true;
	run->done = true;
	return 0;
}

static int on_event(struct borrowing *run, const struct stop *stop, struct err *err)
{
	struct remote_options *options = &run->remote->options;
	unsigned long message = 0;

	if (stop->event == PTRACE_EVENT_EXEC)
		return leave_exec(run, err);
	if (options->event) {
		ptrace(PTRACE_GETEVENTMSG, run->thread->tid, 0, &message);
		if (options->event(options->context, run->thread, stop->event, message, err) < 0)
			return -1;
	}
	return resume(run, 0, err);
}

static int on_stop(struct borrowing *run, const struct stop *stop, struct err *err)
{
	if (stop->kind == STOP_GONE)
		return on_gone(run, stop, err);
	run->thread->stopped = true;
	if (stop->kind == STOP_EVENT)
		return on_event(run, stop, err);
	if (stop->kind == STOP_SIGNAL && stop->signal == run->rendezvous && run->has_answered &&
	    run->has_answered(run->context)) {
		run->done = true;
		return 0;
	}
	if (arch_regs_get(run->thread->tid, &run->regs, err) < 0)
		return -1;
	if (stop->kind == STOP_SIGNAL)
		return on_signal(run, stop, err);
	if (stop->kind == STOP_SYSCALL)
		return on_syscall(run, err);
	return on_trap(run, err);
}

int borrow_return(struct remote *remote, struct err *err)
{
	struct frozen_thread *thread = remote->lent;

	remote->lent = NULL;
	return thread && thread->stopped ? frozen_give_back(thread, err) : 0;
}

static int start(struct borrowing *run, const struct arch_regs *entry, bool keep_scratch,
		 struct err *err)
{
	struct frozen_thread *thread = run->thread;

	if (!run->remote->stub || run->remote->execed)
		return err_set(err, ERR_FAILED, "thread %d: no call loop in place", thread->tid);
	if (!thread->stopped)
		return err_set(err, ERR_FAILED,
			       "thread %d did not come back from an earlier remote call",
			       thread->tid);
	if (lendable_check(thread, err) < 0 || frozen_mask(thread, err) < 0)
		return -1;
	/* The call loop has the way back of one thread. */
	if (run->remote->lent != thread && borrow_return(run->remote, err) < 0)
		return -1;
	run->rendezvous = rendezvous_choose(run->remote, thread);
	if (install(run, keep_scratch, err) < 0)
		return -1;
	if (lend(run, entry, err) == 0 && resume(run, 0, err) == 0)
		return 0;
	if (thread->stopped)
		frozen_give_back(thread, NULL);
	return -1;
}

static int await(struct borrowing *run, struct err *err)
{
	struct stop stop;

	while (!run->done) {
		if (tracee_wait(run->thread->tid, run->remote->frozen->timeout_ms, &stop, err) < 0)
			return -1;
		if (on_stop(run, &stop, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * The thread has its own registers again at the end, however it went, if only it stands still; or, where that is to last, still those of the call
 * loop, in which it stands at the rendezvous as during a run: were we killed, it would find its way back.
 */
int borrow_end(struct borrowing *run, struct err *err)
{
	struct frozen_thread *thread = run->thread;
	struct remote *remote = run->remote;
	int r = await(run, err);

	if (r == 0 && remote->options.lasting && run->rendezvous && !remote->execed) {
		remote->lent = thread;
		remote->lent_rendezvous = run->rendezvous;
		return 0;
	}
	if (thread->stopped && frozen_give_back(thread, r < 0 ? NULL : err) < 0)
		return -1;
	return r;
}

int borrow_begin_one(struct borrowing *run, struct remote *remote, struct frozen_thread *thread,
		     const struct remote_call *call, bool keep_scratch, struct err *err)
{
	struct arch_regs regs = thread->regs;
	uint64_t words[7];

	*run = (struct borrowing){ .remote = remote, .thread = thread };
	words[0] = call->nr;
	memcpy(words + 1, call->arg, sizeof(call->arg));
	arch_stub_enter_one(&regs, remote->stub, words);
	rendezvous_note(remote, call, 1);
	return start(run, &regs, keep_scratch, err);
}

int borrow_end_one(struct borrowing *run, struct remote_call *call, struct err *err)
{
	if (borrow_end(run, err) < 0)
		return -1;
	rendezvous_note(run->remote, call, 1);
	call->result = run->remote->execed ? 0 : arch_stub_result(&run->regs);
	return 0;
}

int borrow_one(struct remote *remote, struct frozen_thread *thread, struct remote_call *call,
	       bool keep_scratch, struct err *err)
{
	struct borrowing run;

	if (borrow_begin_one(&run, remote, thread, call, keep_scratch, err) < 0)
		return -1;
	return borrow_end_one(&run, call, err);
}

int borrow_begin_many(struct borrowing *run, struct remote *remote, struct frozen_thread *thread,
		      uint64_t vector, size_t count, struct err *err)
{
	struct arch_regs regs = thread->regs;

	*run = (struct borrowing){ .remote = remote, .thread = thread };
	arch_stub_enter_many(&regs, remote->stub, vector, count);
	return start(run, &regs, false, err);
}

/*
 * Between beginning many runs and ending the first of them. Who waits for one after another is woken by each, and takes the processor away from
 * those that run: this sleeps for as long as some may take.
 */
static void rest(size_t runs)
{
	const struct timespec time = { 0, (long)(runs < RUNS_MAX ? runs : RUNS_MAX) * RUN_NS };

	if (runs > FEW_RUNS)
		nanosleep(&time, NULL);
}

/* Born in a run of this remote, it has the mask of that: the call loop must end in the same way again. */
static int set_newborn_going(struct borrowing *run, const struct borrow_vector *vector,
			     struct err *err)
{
	struct arch_regs regs = run->thread->regs;

	arch_stub_enter_many(&regs, run->remote->stub, vector->address, vector->count);
	run->thread->borrowed = true;
	if (arch_regs_set(run->thread->tid, &regs, err) < 0)
		return -1;
	return resume(run, 0, err);
}

int borrow_newborn(struct remote *remote, const struct borrow_vector *vectors, size_t n,
		   struct err *err)
{
	_cleanup_free_ struct borrowing *runs = calloc(n, sizeof(*runs));
	int rendezvous = n ? rendezvous_choose(remote, vectors[0].thread) : 0;

	if (!runs)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		runs[i] = (struct borrowing){ .remote = remote,
					      .thread = vectors[i].thread,
					      .rendezvous = rendezvous };
		if ((i == 0 && install(&runs[i], false, err) < 0) ||
		    set_newborn_going(&runs[i], &vectors[i], err) < 0)
			return -1;
	}
	rest(n);
	for (size_t i = 0; i < n; i++)
		if (await(&runs[i], err) < 0)
			return -1;
	return 0;
}

int borrow_copy(struct remote *remote, struct frozen_thread *thread, int64_t *ret_result,
		struct err *err)
{
	struct borrowing run = { .remote = remote, .thread = thread };
	struct arch_regs regs = thread->regs;

	arch_stub_enter_copy(&regs, remote->stub);
	if (start(&run, &regs, false, err) < 0 || borrow_end(&run, err) < 0)
		return -1;
	*ret_result = arch_stub_result(&run.regs);
	return 0;
}
