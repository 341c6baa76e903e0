/* SPDX-License-Identifier: MIT */
/* Threads are born: all by one remote run of the first, under their old numbers, stopped before their first instruction. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/compat.h"
#include "kernel/readfile.h"
#include "restore/canvas.h"
#include "restore/restore.h"
#include "restore/thread.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>

/* CLONE_PTRACE has them traced all the same, without an event that stops who makes them. */
#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
	 CLONE_PTRACE | CLONE_UNTRACED)

/*
 * Where prestore sees other numbers than the process does, the stack pointer tells which of them a thread is. There is nothing at
 * that address, and nothing uses it.
 */
enum { MARK_UNIT = 16 };

static uint64_t mark_of(size_t index)
{
	return (uint64_t)(index + 2) * MARK_UNIT;
}

static bool sees_other_numbers(const struct canvas *canvas)
{
	return (uint32_t)canvas->pid != canvas->present;
}

static void push_clone(struct remote_batch *batch, const struct canvas *canvas, size_t index,
		       uint32_t tid, bool keep)
{
	struct clone_args args = { .flags = THREAD_FLAGS };

	if (sees_other_numbers(canvas)) {
		args.stack = mark_of(index) - MARK_UNIT;
		args.stack_size = MARK_UNIT;
	}
	if (keep) {
		args.set_tid = remote_data(batch, &tid, sizeof(tid));
		args.set_tid_size = 1;
	}
	remote_push(batch,
		    REMOTE_CALL(clone3, remote_data(batch, &args, sizeof(args)), sizeof(args)));
}

static int adopt(struct canvas *canvas, pid_t tid, struct frozen_thread **ret_thread,
		 struct err *err)
{
	struct made_thread *made = LIST_ADD(canvas, threads, err);

	if (!made)
		return -1;
	*made = (struct made_thread){ .tid = tid };
	if (frozen_add_newborn(&canvas->frozen, canvas_leader(canvas), tid, ret_thread, err) == 0)
		return 0;
	canvas->n_threads--;
	return -1;
}

/* Those that are there and not known yet, in any order. */
static int adopt_listed(struct canvas *canvas, const uint32_t *tids, const int64_t *results,
			size_t n, struct err *err)
{
	_cleanup_free_ uint32_t *all = NULL;
	_cleanup_close_ int proc = proc_open(canvas->pid, err);
	size_t count;

	if (proc < 0 || list_numbers_at(proc, "task", &all, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct frozen_thread *thread;
		struct arch_regs regs;
		size_t index;

		if (frozen_find(&canvas->frozen, (pid_t)all[i]))
			continue;
		if (adopt(canvas, (pid_t)all[i], &thread, err) < 0 ||
		    arch_regs_get(thread->tid, &regs, err) < 0)
			return -1;
		index = (size_t)(arch_regs_sp(&regs) / MARK_UNIT - 2);
		if (index >= n || results[index] < 0)
			return err_set(err, ERR_FAILED, "thread %u is none of those that were made",
				       all[i]);
		canvas->threads[canvas->n_threads - 1].saved = tids[index];
		canvas->threads[canvas->n_threads - 1].own = (uint32_t)results[index];
	}
	return 0;
}

static int adopt_all(struct canvas *canvas, const uint32_t *tids, const int64_t *results, size_t n,
		     struct err *err)
{
	struct frozen_thread *thread;

	if (sees_other_numbers(canvas))
		return adopt_listed(canvas, tids, results, n, err);
	for (size_t i = 0; i < n; i++) {
		if (results[i] < 0)
			continue;
		if (adopt(canvas, (pid_t)results[i], &thread, err) < 0)
			return -1;
		canvas->threads[canvas->n_threads - 1].saved = tids[i];
		canvas->threads[canvas->n_threads - 1].own = (uint32_t)results[i];
	}
	return 0;
}

/* Returns how many of `tids` are left, which come first. All that were born are taken over, also where one was not. */
static int make_some(struct canvas *canvas, uint32_t *tids, size_t n, bool keep, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	_cleanup_free_ int64_t *results = calloc(n, sizeof(*results));
	size_t left = 0;

	if (!results)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++)
		push_clone(batch, canvas, i, tids[i], keep);
	if (canvas_run(canvas, batch, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		results[i] = remote_result(batch, i);
	if (adopt_all(canvas, tids, results, n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (keep && results[i] == -EEXIST)
			tids[left++] = tids[i];
		else if (remote_check(batch, i, err) < 0)
			return err_prefix(err, "thread %u", tids[i]);
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
	struct made_thread *first = LIST_ADD(canvas, threads, err);
	int left = (int)process->n_threads - 1;

	if (!tids)
		return err_sys(err, "out of memory");
	if (!first)
		return -1;
	*first = (struct made_thread){ canvas->own_pid, canvas->present, canvas->pid };
	memcpy(tids, process->threads + 1, (size_t)left * sizeof(*tids));
	for (int i = 0; left > 0 && i < TRIES; i++) {
		if (i)
			usleep(PAUSE_US);
		left = make_some(canvas, tids, (size_t)left, keep, err);
	}
	if (left > 0)
		return err_set(err, ERR_HOST, "thread id %u is taken", tids[0]);
	return left;
}
