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
#include "restore/credentials.h"
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

enum { SLICES_MAX = 64 };

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
	/* 0 means "as inherited" to prctl; the kernel keeps none for real-time threads. */
	if (thread->scheduling.timer_slack)
		remote_push(batch,
			    REMOTE_CALL(prctl, PR_SET_TIMERSLACK, thread->scheduling.timer_slack));
}

static void note_registrations(struct frozen_thread *to, const struct thread *thread)
{
	if (!thread->rseq)
		return;
	to->rseq_address = thread->rseq->address;
	to->rseq_size = thread->rseq->size;
	to->rseq_signature = thread->rseq->signature;
}

/* The others of a process inherit what the first is bound to. */
static char *cpus_of(const struct restore *restore, const struct scheduling *from)
{
	return from->affinity ? from->affinity : restore->cpus;
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
		.affinity = cpus_of(restore, from),
	};
	int ret = sched_apply(tid, &facts, err);

	if (ret <= 0)
		return ret;
	problems_add(&restore->problems, VERDICT_APPROXIMATED, canvas->name,
		     "not all of the CPUs %s that a thread was bound to are here", facts.affinity);
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

static const struct thread *record_of(const struct restore *restore, const struct canvas *canvas,
				      const struct made_thread *made)
{
	return IMAGE_GET(&restore->image, thread, canvas->own_pid, made->saved);
}

static int apply_first(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct made_thread *made = &canvas->threads[0];
	const struct thread *thread = record_of(restore, canvas, made);

	push_registrations(canvas_later(canvas), thread);
	if (schedule(restore, canvas, made->tid, &thread->scheduling, err) < 0)
		return -1;
	note_registrations(canvas_leader(canvas), thread);
	return set_xstate(restore, canvas, made, err);
}

/* What all threads but the first get from birth, beside what is in their records. */
struct legacy {
	const struct process *process;
	struct credentials_change change;
	bool credit;
	struct sched_facts scheduling; /* as clones of the first */
};

static void legacy_done(struct legacy *legacy)
{
	credentials_look_done(&legacy->change);
	free(legacy->scheduling.affinity);
}

static bool scheduled(const struct restore *restore, const struct scheduling *want,
		      const struct sched_facts *now)
{
	return want->policy == now->policy && want->flags == now->flags &&
	       want->nice == now->nice && want->priority == now->priority && !want->runtime &&
	       (int)(want->io_class << IOPRIO_CLASS_SHIFT | want->io_priority) == now->ioprio &&
	       strcmp(cpus_of(restore, want), now->affinity) == 0;
}

/* Changed credentials clear the signal for the parent's death, and make the process undumpable. */
static void push_newborn(struct remote_batch *batch, const struct thread *thread,
			 const struct legacy *legacy)
{
	push_registrations(batch, thread);
	if (legacy->credit) {
		credentials_push(batch, &legacy->process->credentials, &legacy->change);
		if (!legacy->change.none && legacy->process->dumpable == 1)
			remote_push(batch, REMOTE_CALL(prctl, PR_SET_DUMPABLE, 1));
	}
	if (thread->parent_death_signal)
		remote_push(batch,
			    REMOTE_CALL(prctl, PR_SET_PDEATHSIG, thread->parent_death_signal));
}

static int run_newborn(struct restore *restore, struct canvas *canvas,
		       const struct made_thread *made, size_t n, const struct legacy *legacy,
		       struct err *err)
{
	struct frozen_thread *threads[SLICES_MAX];
	struct remote_batch *batches[SLICES_MAX] = { NULL };
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		const struct thread *thread = record_of(restore, canvas, &made[i]);

		threads[i] = frozen_find(&canvas->frozen, made[i].tid);
		batches[i] = remote_batch_slice(&canvas->remote, i);
		if (!batches[i])
			ret = err_sys(err, "out of memory");
		else
			push_newborn(batches[i], thread, legacy);
		/* Before it may have become another's. */
		if (ret == 0 && !scheduled(restore, &thread->scheduling, &legacy->scheduling))
			ret = schedule(restore, canvas, made[i].tid, &thread->scheduling, err);
	}
	if (ret == 0)
		ret = remote_run_newborn(&canvas->remote, threads, batches, n, err);
	for (size_t i = 0; i < n; i++) {
		remote_batch_free(batches[i]);
		if (ret == 0)
			note_registrations(threads[i], record_of(restore, canvas, &made[i]));
		if (ret == 0)
			ret = set_xstate(restore, canvas, &made[i], err);
	}
	return ret;
}

/* Many at a time: each of them stops only twice from its birth until it is let go. */
static int apply_others(struct restore *restore, struct canvas *canvas, struct err *err)
{
	_cleanup_(legacy_done) struct legacy legacy = { 0 };
	size_t slices = remote_slices(&canvas->remote);

	if (canvas->n_threads < 2)
		return 0;
	legacy.process = IMAGE_GET(&restore->image, process, canvas->own_pid, 0);
	legacy.credit = credentials_fit(&legacy.process->credentials, REMOTE_SLICE_DATA_MAX);
	if (sched_facts(canvas->pid, &legacy.scheduling, err) < 0 ||
	    credentials_look(canvas, &legacy.process->credentials, &legacy.change, err) < 0)
		return -1;
	if (slices > SLICES_MAX)
		slices = SLICES_MAX;
	for (size_t i = 1; i < canvas->n_threads; i += slices) {
		size_t left = canvas->n_threads - i;

		if (run_newborn(restore, canvas, &canvas->threads[i], left < slices ? left : slices,
				&legacy, err) < 0)
			return -1;
	}
	canvas->credited = legacy.credit;
	return 0;
}

/* The others first, while they still are scheduled as the first is. */
static int thread_apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	if (apply_others(restore, canvas, err) < 0)
		return -1;
	return apply_first(restore, canvas, err);
}

int threads_finish(struct restore *restore, struct canvas *canvas, struct err *err)
{
	for (size_t i = 0; i < canvas->n_threads; i++) {
		const struct made_thread *made = &canvas->threads[i];
		const struct thread *thread = record_of(restore, canvas, made);
		struct frozen_thread *to = frozen_find(&canvas->frozen, made->tid);
		struct arch_regs regs;

		if (siginfo_queue(&restore->image, canvas, to, made->own, thread->pending,
				  thread->n_pending, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
		memcpy(&regs, thread->registers.state, sizeof(regs));
		if (thread->system_call &&
		    system_call_enter(canvas, to, thread->system_call, &regs, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
		if (frozen_set_state(&canvas->frozen, to, &regs, thread->blocked, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
	}
	return 0;
}

const struct restorer thread_restorer = { .check = thread_check,
					  .apply = thread_apply,
					  .phase = PHASE_THREADS };
