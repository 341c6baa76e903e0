/* SPDX-License-Identifier: MIT */
/* PTRACE_SEIZE and PTRACE_INTERRUPT of every thread, and waiting for all of them at once. */
#include "kernel/seize.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/denied.h"
#include "kernel/freeze.h"
#include "kernel/interrupted.h"
#include "kernel/monotonic.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"
#include "kernel/rseq.h"
#include "kernel/threads.h"
#include "kernel/tracee.h"

/* A process that makes threads faster than that many rounds of seizing is not caught. */
#define MAX_ROUNDS 1000

struct frozen_thread *frozen_append(struct frozen *frozen, pid_t tid, struct err *err)
{
	struct frozen_thread *thread;

	if (frozen->n_threads == frozen->room) {
		size_t room = frozen->room ? 2 * frozen->room : 16;
		void *bigger = realloc(frozen->threads, room * sizeof(*frozen->threads));

		if (!bigger) {
			err_sys(err, "list of %zu threads", room);
			return NULL;
		}
		frozen->threads = bigger;
		frozen->room = room;
	}
	thread = calloc(1, sizeof(*thread));
	if (!thread) {
		err_sys(err, "thread %d", tid);
		return NULL;
	}
	thread->tid = tid;
	frozen->threads[frozen->n_threads++] = thread;
	return thread;
}

/* The leader first: where process ids have wrapped around, its threads may have lower ones. */
static int by_tid(const void *a, const void *b, void *leader)
{
	pid_t left = (*(struct frozen_thread *const *)a)->tid;
	pid_t right = (*(struct frozen_thread *const *)b)->tid;
	bool first = left == *(pid_t *)leader, second = right == *(pid_t *)leader;

	return first || second ? second - first : (left > right) - (left < right);
}

void frozen_tidy(struct frozen *frozen)
{
	size_t kept = 0;

	for (size_t i = 0; i < frozen->n_threads; i++) {
		if (frozen->threads[i]->tid)
			frozen->threads[kept++] = frozen->threads[i];
		else
			free(frozen->threads[i]);
	}
	frozen->n_threads = kept;
	if (kept)
		qsort_r(frozen->threads, kept, sizeof(*frozen->threads), by_tid, &frozen->pid);
}

void frozen_place_last(struct frozen *frozen)
{
	struct frozen_thread **list = frozen->threads;

	for (size_t i = frozen->n_threads - 1;
	     i > 0 && by_tid(&list[i], &list[i - 1], &frozen->pid) < 0; i--) {
		struct frozen_thread *thread = list[i];

		list[i] = list[i - 1];
		list[i - 1] = thread;
	}
}

/* A thread that has ended, or is about to, but still is listed. */
static bool is_dead(int procdir, pid_t tid)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	char name[32];
	size_t size;

	snprintf(name, sizeof(name), "task/%d/stat", tid);
	if (read_piece_at(procdir, name, &text, &size, NULL) < 0)
		return true;
	return proc_stat_parse(text, size, &stat, NULL) == 0 &&
	       (stat.state == 'Z' || stat.state == 'X');
}

/* 1 seized, 0 there is nothing to seize (any more), <0 failed. */
static int seize_one(struct frozen *frozen, pid_t tid, long options, struct err *err)
{
	int error;

	if (ptrace(PTRACE_SEIZE, tid, 0, options) == 0)
		return frozen_append(frozen, tid, err) ? 1 : -1;
	error = errno;
	if (error == ESRCH)
		return 0;
	/* The kernel says EPERM for dead threads too. */
	if (error == EPERM && is_dead(frozen->proc, tid)) {
		frozen->leader_exited |= tid == frozen->pid;
		return 0;
	}
	errno = error;
	return explain_denied(frozen->pid, "cannot trace process", err);
}

/*
 * A signal can come before the interrupt takes effect, and that stop forgets the interrupt. It is
 * asked for again before the signal is delivered, so that the thread stops at the latest before the
 * first instruction of a handler.
 */
int seize_settle(struct frozen_thread *thread, unsigned timeout_ms, struct err *err)
{
	struct stop stop;

	for (;;) {
		if (tracee_wait(thread->tid, timeout_ms, &stop, err) < 0)
			return -1;
		if (stop.kind == STOP_GONE) {
			thread->tid = 0;
			return 0;
		}
		if (stop.kind == STOP_TRAP || stop.kind == STOP_GROUP) {
			thread->stop_signal = stop.kind == STOP_GROUP ? stop.signal : 0;
			thread->stopped = thread->caught = true;
			return 0;
		}
		/* ESRCH: killed meanwhile; the next wait will tell. */
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0);
		ptrace(PTRACE_CONT, thread->tid, 0,
		       (long)(stop.kind == STOP_SIGNAL ? stop.signal : 0));
	}
}

int seize_state(struct frozen *frozen, struct frozen_thread *thread, struct err *err)
{
	if (arch_regs_get(thread->tid, &thread->regs, err) < 0)
		return -1;
	rseq_find(thread, frozen->features);
	return 0;
}

/* Of those in the list, seizes who is not known yet. Returns how many, or <0. */
static int seize_listed(struct frozen *frozen, const uint32_t *tids, size_t n, struct err *err)
{
	long options = PTRACE_O_TRACESYSGOOD | (frozen->exitkill ? PTRACE_O_EXITKILL : 0);
	size_t known = frozen->n_threads;
	bool leader = known && frozen->threads[0]->tid == frozen->pid;
	size_t next = leader;

	for (size_t i = 0; i < n; i++) {
		pid_t tid = (pid_t)tids[i];

		if (leader && tid == frozen->pid)
			continue;
		/* Both lists ascend, but for the leader. */
		while (next < known && frozen->threads[next]->tid < tid)
			next++;
		if (next < known && frozen->threads[next]->tid == tid)
			continue;
		if (seize_one(frozen, tid, options, err) < 0)
			return -1;
	}
	if (frozen->n_threads)
		return (int)(frozen->n_threads - known);
	errno = EPERM;
	return explain_denied(frozen->pid, "cannot trace process", err);
}

static int seize_new(struct frozen *frozen, struct err *err)
{
	_cleanup_free_ uint32_t *tids = NULL;
	size_t n;

	if (frozen->n_threads && threads_count(frozen->proc) == frozen->n_threads)
		return 0;
	if (threads_list(frozen->proc, frozen->pid, &tids, &n, err) < 0)
		return -1;
	return seize_listed(frozen, tids, n, err);
}

/*
 * All are asked to stop before the first is waited for: they stop at the same time, and none of
 * them waits long for a lock whose holder stands still.
 */
static void interrupt_from(struct frozen *frozen, size_t first)
{
	for (size_t i = first; i < frozen->n_threads; i++)
		ptrace(PTRACE_INTERRUPT, frozen->threads[i]->tid, 0, 0);
}

static int settle_from(struct frozen *frozen, size_t first, struct err *err)
{
	for (size_t i = first; i < frozen->n_threads; i++)
		if (seize_settle(frozen->threads[i], frozen->timeout_ms, err) < 0) {
			frozen->unwilling = true;
			return -1;
		}
	frozen_tidy(frozen);
	return 0;
}

int seize_begin(struct frozen *frozen, const uint32_t *tids, size_t n, struct err *err)
{
	if (seize_listed(frozen, tids, n, err) < 0)
		return -1;
	sleepers_confirm(frozen->proc, frozen->sleepers);
	frozen->asked_ns = monotonic_ns();
	interrupt_from(frozen, 0);
	frozen->interrupted_ns = monotonic_ns();
	return 0;
}

int seize_end(struct frozen *frozen, struct err *err)
{
	if (settle_from(frozen, 0, err) < 0)
		return -1;
	for (int round = 0; round < MAX_ROUNDS; round++) {
		size_t known = frozen->n_threads;
		int added = seize_new(frozen, err);

		if (added <= 0)
			return added;
		interrupt_from(frozen, known);
		if (settle_from(frozen, known, err) < 0)
			return -1;
	}
	return err_set(err, ERR_FAILED,
		       "process %d makes new threads faster than they can be stopped (%zu so far)",
		       frozen->pid, frozen->n_threads);
}

int seize_look(struct frozen *frozen, struct err *err)
{
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (seize_state(frozen, frozen->threads[i], err) < 0 ||
		    interrupted_hold(frozen->threads[i], err) < 0)
			return -1;
	return 0;
}
