/* SPDX-License-Identifier: MIT */
/* What each thread has of its own: registers, signals, scheduling, and what it registered with the kernel. */
#include "format/thread.h"

#include "arch/all/registers.h"
#include "dump/dump.h"
#include "dump/siginfo.h"
#include "dump/system_call.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/readfile.h"
#include "kernel/sched.h"

#include <linux/ioprio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* What the thread alone can say of itself; filled by one batch of calls in it. */
struct inside {
	stack_t stack;
	uint64_t clear_child_tid;
	int parent_death_signal;
	uint64_t robust_head, robust_size;
	struct sched_answers sched;
};

/* In this order. */
enum {
	ASK_STACK,
	ASK_ADDRESS,
	ASK_DEATH_SIGNAL,
	ASK_SLACK,
	ASK_ROBUST_LIST,
	ASK_SCHEDULING,
	ASK_IO_PRIORITY,
	ASK_AFFINITY,
	ASK_ID, /* the last one: by that it is told that all have been answered */
	QUESTIONS
};

static void push_questions(struct remote_batch *batch, struct inside *inside)
{
	size_t mask_size = sched_mask_size();

	remote_push(batch, REMOTE_CALL(sigaltstack, 0,
				       remote_out(batch, &inside->stack, sizeof(inside->stack))));
	remote_push(batch, REMOTE_CALL(prctl, PR_GET_TID_ADDRESS,
				       remote_out(batch, &inside->clear_child_tid,
						  sizeof(inside->clear_child_tid))));
	remote_push(batch, REMOTE_CALL(prctl, PR_GET_PDEATHSIG,
				       remote_out(batch, &inside->parent_death_signal,
						  sizeof(inside->parent_death_signal))));
	remote_push(batch, REMOTE_CALL(prctl, PR_GET_TIMERSLACK));
	remote_push(batch, REMOTE_CALL(get_robust_list, 0,
				       remote_out(batch, &inside->robust_head,
						  sizeof(inside->robust_head)),
				       remote_out(batch, &inside->robust_size,
						  sizeof(inside->robust_size))));
	remote_push(batch, REMOTE_CALL(sched_getattr, 0,
				       remote_out(batch, &inside->sched.attributes,
						  sizeof(inside->sched.attributes)),
				       sizeof(inside->sched.attributes), 0));
	remote_push(batch, REMOTE_CALL(ioprio_get, SCHED_IOPRIO_THREAD, 0));
	remote_push(batch, REMOTE_CALL(sched_getaffinity, 0, mask_size,
				       remote_out(batch, inside->sched.cpus, mask_size)));
	remote_push(batch, REMOTE_CALL(gettid));
}

/* Of the first thread, together with all that is asked of its process. */
static int thread_ask(struct dump *dump, struct target *target, struct err *err)
{
	struct inside *inside = target_ask(target, KIND_thread, sizeof(*inside), err);

	(void)dump;
	if (!inside)
		return -1;
	push_questions(target->batch, inside);
	return 0;
}

/*
 * The same calls for all others, one after another: there is one call loop in a process. While one answers, the next is looked
 * at from outside.
 */
struct questions {
	struct remote *remote;
	struct remote_batch *batch;
	struct inside inside;
	struct thread *asked; /* who answers now; NULL: nobody */
	pid_t asked_tid;
	struct closing closing;
	const struct thread *complete; /* who answered last; NULL: nobody, or its text is made */
	bool failed;		       /* an answer: the error names whose */
};

static void cleanup_questions(struct questions *questions)
{
	if (questions->asked)
		remote_end(questions->remote, questions->batch, NULL);
	closing_done(&questions->closing);
	remote_batch_free(questions->batch);
}

static int prepare(const struct target *target, struct questions *questions, struct err *err)
{
	questions->remote = target->remote;
	questions->batch = remote_batch_small(target->remote);
	if (!questions->batch)
		return err_sys(err, "out of memory");
	push_questions(questions->batch, &questions->inside);
	return 0;
}

static int collect_stack(const stack_t *stack, struct thread *thread, struct err *err)
{
	if (stack->ss_flags & SS_DISABLE)
		return 0;
	thread->alternate_stack = calloc(1, sizeof(*thread->alternate_stack));
	if (!thread->alternate_stack)
		return err_sys(err, "out of memory");
	*thread->alternate_stack = (struct alternate_stack){
		.address = (uint64_t)(uintptr_t)stack->ss_sp,
		.size = stack->ss_size,
		.flags = (uint32_t)(stack->ss_flags & ~SS_ONSTACK),
	};
	return 0;
}

static int collect_robust_list(const struct inside *inside, struct thread *thread, struct err *err)
{
	if (!inside->robust_head)
		return 0;
	thread->robust_list = calloc(1, sizeof(*thread->robust_list));
	if (!thread->robust_list)
		return err_sys(err, "out of memory");
	*thread->robust_list =
		(struct robust_registration){ inside->robust_head, inside->robust_size };
	return 0;
}

static void note_scheduling(struct dump *dump, const struct target *target,
			    const struct sched_facts *facts, struct scheduling *ret)
{
	if (!dump->unbound && target->same_cpuset)
		dump->unbound = sched_unbound();
	ret->policy = facts->policy;
	ret->flags = (uint32_t)facts->flags;
	ret->nice = facts->nice;
	ret->priority = facts->priority;
	ret->runtime = facts->runtime;
	ret->deadline = facts->deadline;
	ret->period = facts->period;
	ret->io_class = (uint32_t)facts->ioprio >> IOPRIO_CLASS_SHIFT;
	ret->io_priority = (uint32_t)facts->ioprio & IOPRIO_PRIO_MASK;
	/* On another host all that were here would be some. */
	if (target->same_cpuset && dump->unbound && strcmp(facts->affinity, dump->unbound) == 0)
		free(facts->affinity);
	else
		ret->affinity = facts->affinity;
}

static int collect_answers(struct dump *dump, const struct target *target,
			   const struct remote_batch *batch, size_t first, pid_t tid,
			   struct inside *inside, struct thread *thread, struct err *err)
{
	struct sched_facts facts;

	for (size_t i = 0; i < QUESTIONS; i++)
		if (remote_check(batch, first + i, err) < 0)
			return -1;
	inside->sched.ioprio = remote_result(batch, first + ASK_IO_PRIORITY);
	inside->sched.used = remote_result(batch, first + ASK_AFFINITY);
	if (sched_facts_of(tid, &inside->sched, &facts, err) < 0)
		return -1;
	note_scheduling(dump, target, &facts, &thread->scheduling);
	if (collect_robust_list(inside, thread, err) < 0)
		return -1;
	thread->scheduling.timer_slack = (uint64_t)remote_result(batch, first + ASK_SLACK);
	thread->clear_child_tid = inside->clear_child_tid;
	thread->parent_death_signal = (uint32_t)inside->parent_death_signal;
	return collect_stack(&inside->stack, thread, err);
}

/* While the next one answers, which takes longer. */
static int make_text(struct dump *dump, const struct target *target, struct questions *questions,
		     struct err *err)
{
	const struct thread *thread = TAKE_PTR(questions->complete);
	struct key key = { target->own_pid, thread ? thread->tid : 0 };

	return thread ? image_make_text(&dump->image, KIND_thread, key, err) : 0;
}

/* Waits for whoever answers now. */
static int await_answers(struct dump *dump, const struct target *target,
			 struct questions *questions, struct err *err)
{
	struct thread *thread = questions->asked;

	if (!thread)
		return 0;
	if (make_text(dump, target, questions, err) < 0)
		return -1;
	questions->asked = NULL;
	questions->complete = thread;
	if (remote_end(questions->remote, questions->batch, err) == 0 &&
	    collect_answers(dump, target, questions->batch, 0, questions->asked_tid,
			    &questions->inside, thread, err) == 0)
		return 0;
	questions->failed = true;
	return err_prefix(err, "thread %d", questions->asked_tid);
}

static int collect_inside(struct dump *dump, const struct target *target,
			  struct frozen_thread *from, struct questions *questions,
			  struct thread *thread, struct err *err)
{
	const struct question *first = &target->questions[KIND_thread];

	if (from == target->frozen->threads[0])
		return collect_answers(dump, target, target->batch, first->first, from->tid,
				       first->answers, thread, err);
	if (await_answers(dump, target, questions, err) < 0 ||
	    remote_begin(questions->remote, from, questions->batch, thread->tid, err) < 0)
		return -1;
	questions->asked = thread;
	questions->asked_tid = from->tid;
	return 0;
}

static int collect_rseq(struct dump *dump, const struct target *target,
			const struct frozen_thread *from, struct thread *thread, struct err *err)
{
	/* The C library asks for it in every thread, mostly for speed; once is enough to be told. */
	if (!from->rseq_known && from->tid == target->pid)
		problems_add(
			&dump->problems, VERDICT_LOST, target->name,
			"registrations of restartable sequences (rseq), if there are any: this "
			"kernel does not show them");
	if (!from->rseq_size)
		return 0;
	thread->rseq = calloc(1, sizeof(*thread->rseq));
	if (!thread->rseq)
		return err_sys(err, "out of memory");
	*thread->rseq = (struct rseq_registration){
		.address = from->rseq_address,
		.size = from->rseq_size,
		.signature = from->rseq_signature,
	};
	return 0;
}

static int collect_registers(const struct frozen_thread *from, struct thread *thread,
			     struct err *err)
{
	struct x86_64_registers *registers = calloc(1, sizeof(*registers));

	if (!registers)
		return err_sys(err, "out of memory");
	/* Both are the kernel's layout of NT_PRSTATUS. */
	_Static_assert(sizeof(*registers) == sizeof(from->regs), "register layout");
	memcpy(registers, &from->regs, sizeof(*registers));
	thread->registers = (struct variant){ &x86_64_record, registers };
	return 0;
}

/* Of one that runs. */
static int collect_scheduling(struct dump *dump, const struct target *target, pid_t tid,
			      struct scheduling *ret, struct err *err)
{
	struct sched_facts facts;

	if (sched_facts(tid, &facts, err) < 0)
		return -1;
	note_scheduling(dump, target, &facts, ret);
	return 0;
}

static bool same_ids(const struct id_set *a, const struct id_set *b)
{
	return a->real == b->real && a->effective == b->effective && a->saved == b->saved &&
	       a->fs == b->fs;
}

/* Credentials belong to threads; the image keeps those of the process, so they must agree. */
static void check_credentials(struct dump *dump, const struct target *target,
			      const struct proc_status *status)
{
	const struct proc_status *leader = &target->status;

	if (same_ids(&status->uid, &leader->uid) && same_ids(&status->gid, &leader->gid) &&
	    status->cap_effective == leader->cap_effective &&
	    status->cap_permitted == leader->cap_permitted &&
	    status->no_new_privs == leader->no_new_privs)
		return;
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "thread %d has other credentials than the process", status->pid);
}

static uint8_t *shrink(uint8_t *area, size_t size)
{
	uint8_t *smaller = realloc(area, size);

	return smaller ? smaller : area;
}

static int collect_xstate(struct dump *dump, const struct target *target, pid_t tid,
			  const struct thread *thread, struct err *err)
{
	_cleanup_free_ uint8_t *area = malloc(ARCH_XSTATE_MAX);
	char name[64];
	size_t size;

	if (!area)
		return err_sys(err, "out of memory");
	if (arch_xstate_get(tid, area, ARCH_XSTATE_MAX, &size, err) < 0)
		return -1;
	area = shrink(area, size);
	snprintf(name, sizeof(name), "processes/%u/threads/%u.xstate", target->own_pid,
		 thread->tid);
	if (image_add_blob(&dump->image, name, area, size, err) < 0)
		return -1;
	area = NULL;
	return 0;
}

static int collect_frozen(struct dump *dump, struct target *target, struct frozen_thread *from,
			  const struct proc_status *status, struct questions *questions,
			  struct thread *thread, struct err *err)
{
	from->unfiltered = !status->seccomp;
	if (frozen_mask_seen(from, status->sig_blocked, err) < 0)
		return -1;
	thread->blocked = from->sigmask;
	if (collect_registers(from, thread, err) < 0 ||
	    collect_xstate(dump, target, from->tid, thread, err) < 0 ||
	    collect_rseq(dump, target, from, thread, err) < 0 ||
	    (status->sig_pending &&
	     siginfo_peek(from->tid, false, &thread->pending, &thread->n_pending, err) < 0) ||
	    collect_inside(dump, target, from, questions, thread, err) < 0)
		return -1;
	return system_call_collect(dump, target, from, thread, err);
}

static int collect_one(struct dump *dump, struct target *target, pid_t tid,
		       struct frozen_thread *from, struct questions *questions, struct err *err)
{
	struct process *process = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	_cleanup_(proc_status_release) struct proc_status read = { 0 };
	/* That of a process is that of its first thread (fs/proc/array.c, proc_pid_status). */
	const struct proc_status *status = tid == target->pid ? &target->status : &read;
	struct closing *closing = questions ? &questions->closing : NULL;
	uint32_t own, *listed;
	struct thread *thread;

	if (status == &read && target_thread_status(target, tid, closing, &read, err) < 0)
		return -1;
	own = ns_own(&status->ns_pid, tid);
	check_credentials(dump, target, status);
	listed = LIST_ADD(process, threads, err);
	if (!listed)
		return -1;
	*listed = own;
	thread = IMAGE_ADD(&dump->image, thread, target->own_pid, own, err);
	if (!thread)
		return -1;
	thread->tid = own;
	thread->name = strdup(status->name);
	if (!thread->name)
		return err_sys(err, "out of memory");
	return from ? collect_frozen(dump, target, from, status, questions, thread, err)
		    : collect_scheduling(dump, target, tid, &thread->scheduling, err);
}

static int collect_running(struct dump *dump, struct target *target, struct err *err)
{
	_cleanup_free_ uint32_t *tids = NULL;
	size_t n;

	if (list_numbers_at(target->proc, "task", &tids, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct err ended;

		/* Nothing holds a running thread: one that ends meanwhile is no matter of the check. */
		if (collect_one(dump, target, (pid_t)tids[i], NULL, NULL, &ended) < 0 &&
		    ended.code != ERR_GONE) {
			*err = ended;
			return err_prefix(err, "thread %u", tids[i]);
		}
	}
	return 0;
}

static int thread_collect(struct dump *dump, struct target *target, struct err *err)
{
	_cleanup_(cleanup_questions) struct questions questions = { 0 };
	struct frozen *frozen = target->frozen;

	if (!frozen)
		return collect_running(dump, target, err);
	if (frozen->leader_exited) {
		problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
			     "its main thread has ended while others run");
		return 0;
	}
	if (frozen->n_threads > 1 && prepare(target, &questions, err) < 0)
		return -1;
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (collect_one(dump, target, frozen->threads[i]->tid, frozen->threads[i],
				&questions, err) < 0)
			return questions.failed
				       ? -1
				       : err_prefix(err, "thread %d", frozen->threads[i]->tid);
	return await_answers(dump, target, &questions, err);
}

const struct dumper thread_dumper = { .ask = thread_ask, .collect = thread_collect };
