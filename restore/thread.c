/* SPDX-License-Identifier: MIT */
/* Threads: born by remote clone3 under their old numbers, given what each registers for itself, then their registers. */
#include "format/thread.h"

#include "arch/all/registers.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/compat.h"
#include "kernel/sched.h"
#include "restore/canvas.h"
#include "restore/restore.h"
#include "restore/siginfo.h"
#include "restore/system_call.h"
#include "restore/thread.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static int thread_check(struct restore *restore, const void *record, struct key key,
			struct err *err)
{
	const struct thread *thread = record;
	char object[48];

	snprintf(object, sizeof(object), "pid %u thread %u", key.first, key.second);
	if (thread->registers.type != &x86_64_record) {
		problems_add(&restore->problems, VERDICT_BLOCKING, object,
			     "its registers are those of %s", thread->registers.type->name);
		return 0;
	}
	if (thread->scheduling.io_class > 7 || thread->scheduling.io_priority > IOPRIO_PRIO_MASK)
		return err_set(err, ERR_IMAGE,
			       "processes/%u/threads/%u.json: $.scheduling.io_class: not known",
			       key.first, key.second);
	return siginfo_check(thread->pending, thread->n_pending, err);
}

/* The event comes in the calling thread before clone3 returns; the new thread stands before its first instruction. */
static int on_birth(void *context, struct frozen_thread *parent, int event, unsigned long message,
		    struct err *err)
{
	struct canvas *canvas = context;
	struct frozen_thread *thread;
	struct made_thread *made;

	if (event != PTRACE_EVENT_CLONE)
		return 0;
	if (frozen_wait_born((pid_t)message, 0, err) < 0 ||
	    frozen_add_thread(&canvas->frozen, (pid_t)message, &thread, err) < 0)
		return -1;
	thread->unfiltered = parent->unfiltered;
	made = LIST_ADD(canvas, threads, err);
	if (!made)
		return -1;
	*made = (struct made_thread){ .tid = (pid_t)message };
	return 0;
}

static int add_leader(struct canvas *canvas, struct err *err)
{
	struct made_thread *made = LIST_ADD(canvas, threads, err);
	int64_t own;

	if (!made)
		return -1;
	own = CANVAS_CALL(canvas, err, getpid, 0);
	*made = (struct made_thread){ canvas->own_pid, (uint32_t)own, canvas->pid };
	return own < 0 ? -1 : 0;
}

static void push_clone(struct remote_batch *batch, uint32_t tid, bool keep)
{
	struct clone_args args = { .flags = THREAD_FLAGS };

	if (keep) {
		args.set_tid = remote_data(batch, &tid, sizeof(tid));
		args.set_tid_size = 1;
	}
	remote_push(batch,
		    REMOTE_CALL(clone3, remote_data(batch, &args, sizeof(args)), sizeof(args)));
}

/* Those born in a batch are in the order of its calls that succeeded. Returns how many of `tids` are left, which come first. */
static int make_some(struct canvas *canvas, uint32_t *tids, size_t n, bool keep, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	size_t born = canvas->n_threads, left = 0;

	for (size_t i = 0; i < n; i++)
		push_clone(batch, tids[i], keep);
	if (remote_run(&canvas->remote, canvas_leader(canvas), batch, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t result = remote_result(batch, i);

		if (keep && result == -EEXIST) {
			tids[left++] = tids[i];
			continue;
		}
		if (remote_check(batch, i, err) < 0)
			return err_prefix(err, "thread %u", tids[i]);
		canvas->threads[born].saved = tids[i];
		canvas->threads[born++].own = (uint32_t)result;
	}
	return (int)left;
}

/*
 * Since Linux 6.15 a thread gives its number back a little after its process is seen to have ended; one that has the least
 * share of a busy CPU may take a while.
 */
enum { TRIES = 1000, PAUSE_US = 1000 };

int threads_make(struct restore *restore, struct canvas *canvas, bool keep, struct err *err)
{
	const struct process *process = IMAGE_GET(&restore->image, process, canvas->own_pid, 0);
	_cleanup_free_ uint32_t *tids = calloc(process->n_threads + 1, sizeof(*tids));
	int left = (int)process->n_threads - 1;

	if (!tids)
		return err_sys(err, "out of memory");
	if (add_leader(canvas, err) < 0)
		return -1;
	memcpy(tids, process->threads + 1, (size_t)left * sizeof(*tids));
	canvas->remote.options.event = on_birth;
	canvas->remote.options.context = canvas;
	for (int i = 0; left > 0 && i < TRIES; i++) {
		if (i)
			usleep(PAUSE_US);
		left = make_some(canvas, tids, (size_t)left, keep, err);
	}
	canvas->remote.options.event = NULL;
	if (left > 0)
		return err_set(err, ERR_HOST, "thread id %u is taken", tids[0]);
	return left;
}

static void push_registrations(struct remote_batch *batch, const struct thread *thread)
{
	stack_t none = { .ss_flags = SS_DISABLE }, stack = none;

	if (thread->alternate_stack)
		stack = (stack_t){ .ss_sp = (void *)thread->alternate_stack->address,
				   .ss_size = thread->alternate_stack->size,
				   .ss_flags = (int)thread->alternate_stack->flags };
	remote_push(batch, REMOTE_CALL(set_tid_address, thread->clear_child_tid));
	if (thread->robust_list)
		remote_push(batch, REMOTE_CALL(set_robust_list, thread->robust_list->head,
					       thread->robust_list->size));
	if (thread->rseq)
		remote_push(batch, REMOTE_CALL(rseq, thread->rseq->address, thread->rseq->size,
					       thread->rseq->flags, thread->rseq->signature));
	remote_push(batch, REMOTE_CALL(sigaltstack, remote_data(batch, &stack, sizeof(stack)), 0));
	remote_push(batch, REMOTE_CALL(prctl, PR_SET_NAME,
				       remote_data(batch, thread->name, strlen(thread->name) + 1)));
	if (thread->parent_death_signal)
		remote_push(batch,
			    REMOTE_CALL(prctl, PR_SET_PDEATHSIG, thread->parent_death_signal));
	/* 0 means "as inherited" to prctl; the kernel keeps none for real-time threads. */
	if (thread->scheduling.timer_slack)
		remote_push(batch,
			    REMOTE_CALL(prctl, PR_SET_TIMERSLACK, thread->scheduling.timer_slack));
}

static int registrations(struct canvas *canvas, struct frozen_thread *to,
			 const struct thread *thread, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);

	push_registrations(batch, thread);
	if (remote_run_all(&canvas->remote, to, batch, err) < 0)
		return -1;
	if (thread->rseq) {
		to->rseq_address = thread->rseq->address;
		to->rseq_size = thread->rseq->size;
		to->rseq_signature = thread->rseq->signature;
	}
	return 0;
}

static int schedule(struct restore *restore, const struct canvas *canvas, pid_t tid,
		    const struct scheduling *from, struct err *err)
{
	const struct sched_facts facts = {
		.policy = from->policy,
		.flags = from->flags,
		.nice = from->nice,
		.priority = from->priority,
		.runtime = from->runtime,
		.deadline = from->deadline,
		.period = from->period,
		.ioprio = (int)(from->io_class << IOPRIO_CLASS_SHIFT | from->io_priority),
		.affinity = from->affinity,
	};
	int ret = sched_apply(tid, &facts, err);

	if (ret <= 0)
		return ret;
	problems_add(&restore->problems, VERDICT_APPROXIMATED, canvas->name,
		     "not all of the CPUs %s that a thread was bound to are here", from->affinity);
	return 0;
}

/* In the areas of an older processor state the kernel takes what it knows; too large a one it refuses. */
static int set_xstate(const struct restore *restore, const struct canvas *canvas,
		      const struct made_thread *made, struct err *err)
{
	const struct blob *xstate;
	char name[64];

	snprintf(name, sizeof(name), "processes/%u/threads/%u.xstate", canvas->own_pid,
		 made->saved);
	xstate = image_blob(&restore->image, name);
	if (!xstate->size)
		return 0;
	return arch_xstate_set(made->tid, xstate->data, xstate->size, err);
}

static int thread_apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	for (size_t i = 0; i < canvas->n_threads; i++) {
		const struct made_thread *made = &canvas->threads[i];
		const struct thread *thread =
			IMAGE_GET(&restore->image, thread, canvas->own_pid, made->saved);
		struct frozen_thread *to = frozen_find(&canvas->frozen, made->tid);

		if (registrations(canvas, to, thread, err) < 0 ||
		    schedule(restore, canvas, made->tid, &thread->scheduling, err) < 0 ||
		    set_xstate(restore, canvas, made, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
	}
	return 0;
}

/* Verifying compares with what was decided: a call that has come to an end is no call in progress any more. */
static void settle_system_call(struct thread *thread, const struct arch_regs *regs)
{
	memcpy(thread->registers.state, regs, sizeof(*regs));
	if (arch_regs_syscall(regs) >= 0)
		return;
	free(thread->system_call);
	thread->system_call = NULL;
}

int threads_finish(struct restore *restore, struct canvas *canvas, struct err *err)
{
	for (size_t i = 0; i < canvas->n_threads; i++) {
		const struct made_thread *made = &canvas->threads[i];
		struct thread *thread =
			IMAGE_GET(&restore->image, thread, canvas->own_pid, made->saved);
		struct frozen_thread *to = frozen_find(&canvas->frozen, made->tid);
		struct arch_regs regs;

		if (siginfo_queue(&restore->image, canvas, to, made->own, thread->pending,
				  thread->n_pending, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
		memcpy(&regs, thread->registers.state, sizeof(regs));
		if (thread->system_call &&
		    system_call_enter(canvas, to, thread->system_call, &regs, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
		settle_system_call(thread, &regs);
		if (frozen_set_state(&canvas->frozen, to, &regs, thread->blocked, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
	}
	return 0;
}

const struct restorer thread_restorer = { .check = thread_check,
					  .apply = thread_apply,
					  .phase = PHASE_THREADS };
