/* SPDX-License-Identifier: MIT */
/* A stopped process as a whole: what its threads were doing, and giving it back. */
#include "kernel/freeze.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "format/err.h"
#include "format/search.h"
#include "kernel/compat.h"
#include "kernel/denied.h"
#include "kernel/fallback.h"
#include "kernel/interrupted.h"
#include "kernel/maps_ahead.h"
#include "kernel/readfile.h"
#include "kernel/rseq.h"
#include "kernel/seize.h"
#include "kernel/threads.h"
#include "kernel/tracee.h"
#include "kernel/wait_calls.h"

#define DEFAULT_TIMEOUT_MS 10000

/* Of fewer all is looked at before another thread has started. */
#define MANY_THREADS 64

static int open_pidfd(pid_t pid, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0)
		return fd;
	if (errno == ESRCH)
		return err_set(err, ERR_GONE, "there is no process %d", pid);
	/* EINVAL, since 6.9 ENOENT: the number is that of a thread. */
	if (errno == EINVAL || errno == ENOENT)
		return err_set(err, ERR_USAGE,
			       "%d is not a process but a thread of one: see Tgid in "
			       "/proc/%d/status",
			       pid, pid);
	return err_sys(err, "pidfd_open for process %d", pid);
}

/* Whose number reaches the address space: the main thread has none any more once it has ended. */
static int open_memory(struct frozen *frozen, struct err *err)
{
	return memory_open(frozen->threads[0]->tid, frozen->features, &frozen->memory, err);
}

static int ask_to_stop(struct frozen *frozen, struct err *err)
{
	_cleanup_free_ uint32_t *tids = NULL;
	size_t n;

	frozen->pidfd = open_pidfd(frozen->pid, err);
	if (frozen->pidfd < 0)
		return -1;
	frozen->proc = proc_open(frozen->pid, err);
	if (frozen->proc < 0 || threads_list(frozen->proc, frozen->pid, &tids, &n, err) < 0)
		return -1;
	frozen->sleepers = calloc(1, sizeof(*frozen->sleepers));
	if (!frozen->sleepers)
		return err_sys(err, "out of memory");
	sleepers_note(frozen->proc, tids, n, frozen->features, frozen->sleepers);
	return seize_begin(frozen, tids, n, err);
}

int freeze_begin(pid_t pid, const struct freeze_options *options,
		 const struct kernel_features *features, struct frozen *ret_frozen, struct err *err)
{
	static const struct freeze_options none = { 0 };
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;

	if (!options)
		options = &none;
	if (pid <= 0 || pid == getpid())
		return err_set(err, ERR_USAGE, "process %d cannot be stopped by this one", pid);
	frozen.pid = pid;
	frozen.features = features;
	frozen.exitkill = options->exitkill;
	frozen.maps_wanted = options->maps;
	frozen.timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
	if (ask_to_stop(&frozen, err) < 0)
		return -1;
	*ret_frozen = frozen;
	frozen = (struct frozen)FROZEN_EMPTY;
	return 0;
}

static void free_sleepers(struct frozen *frozen)
{
	if (frozen->sleepers)
		sleepers_release(frozen->sleepers);
	free(frozen->sleepers);
	frozen->sleepers = NULL;
}

int freeze_end(struct frozen *frozen, struct err *err)
{
	if (seize_end(frozen, err) < 0 || open_memory(frozen, err) < 0)
		return -1;
	if (frozen->maps_wanted && frozen->n_threads >= MANY_THREADS)
		frozen->maps = maps_ahead_start(frozen->proc);
	if (seize_look(frozen, err) < 0 || rseq_abort_all(frozen, err) < 0 ||
	    interrupted_settle(frozen, frozen->sleepers, err) < 0)
		return -1;
	free_sleepers(frozen);
	return 0;
}

int freeze_process(pid_t pid, const struct freeze_options *options,
		   const struct kernel_features *features, struct frozen *ret_frozen,
		   struct err *err)
{
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;

	if (freeze_begin(pid, options, features, &frozen, err) < 0 || freeze_end(&frozen, err) < 0)
		return -1;
	*ret_frozen = frozen;
	frozen = (struct frozen)FROZEN_EMPTY;
	return 0;
}

/*
 * At the stops of exec and clone the thread still is inside of the system call, whose result would
 * overwrite registers that are set now. A trap on the way out of it is the place for that.
 */
static int leave_event(struct frozen *frozen, struct frozen_thread *thread, struct err *err)
{
	pid_t tid = thread->tid;

	if (tracee_interrupt(tid, err) < 0 || tracee_resume(tid, PTRACE_CONT, 0, err) < 0 ||
	    seize_settle(thread, frozen->timeout_ms, err) < 0)
		return -1;
	if (!thread->tid)
		return err_set(err, ERR_GONE, "thread %d has ended", tid);
	return 0;
}

int frozen_add_thread(struct frozen *frozen, pid_t tid, struct frozen_thread **ret_thread,
		      struct err *err)
{
	struct frozen_thread *thread = frozen_append(frozen, tid, err);

	if (!thread)
		return -1;
	if (leave_event(frozen, thread, err) < 0 || seize_state(frozen, thread, err) < 0) {
		frozen->n_threads--;
		free(thread);
		return -1;
	}
	frozen_place_last(frozen);
	if (ret_thread)
		*ret_thread = thread;
	return 0;
}

/* At its first stop it is on its way out of the call already, unlike one at an event. */
static struct frozen_thread *add_newborn(struct frozen *frozen, const struct frozen_thread *parent,
					 pid_t tid, struct err *err)
{
	struct frozen_thread *thread = frozen_append(frozen, tid, err);

	if (!thread)
		return NULL;
	thread->regs = parent->regs;
	thread->sigmask = parent->sigmask;
	thread->stopped = thread->caught = thread->mask_known = true;
	thread->unfiltered = parent->unfiltered;
	thread->lendable = parent->lendable;
	thread->borrowed = thread->mask_borrowed = true;
	return thread;
}

int frozen_add_newborn(struct frozen *frozen, const struct frozen_thread *parent, pid_t tid,
		       struct frozen_thread **ret_thread, struct err *err)
{
	struct frozen_thread *thread;

	if (frozen_wait_born(tid, frozen->timeout_ms, err) < 0)
		return -1;
	thread = add_newborn(frozen, parent, tid, err);
	if (!thread)
		return -1;
	frozen_place_last(frozen);
	*ret_thread = thread;
	return 0;
}

/* Not thawed: on failure the caller still has what it traced. */
static void forget(struct frozen *frozen)
{
	close(frozen->pidfd);
	for (size_t i = 0; i < frozen->n_threads; i++)
		free(frozen->threads[i]);
	free(frozen->threads);
}

int frozen_adopt_newborn(const struct frozen *family, const struct frozen_thread *parent, pid_t pid,
			 struct frozen *ret_frozen, struct err *err)
{
	struct frozen frozen = FROZEN_EMPTY;
	struct frozen_thread *thread;

	frozen.pid = pid;
	frozen.features = family->features;
	frozen.timeout_ms = family->timeout_ms;
	frozen.pidfd = open_pidfd(pid, err);
	if (frozen.pidfd < 0)
		return -1;
	thread = add_newborn(&frozen, parent, pid, err);
	if (!thread || frozen_give_back(thread, err) < 0 || open_memory(&frozen, err) < 0) {
		forget(&frozen);
		return -1;
	}
	*ret_frozen = frozen;
	return 0;
}

int frozen_adopt(pid_t pid, const struct kernel_features *features, struct frozen *ret_frozen,
		 struct err *err)
{
	struct frozen frozen = FROZEN_EMPTY;

	frozen.pid = pid;
	frozen.features = features;
	frozen.timeout_ms = DEFAULT_TIMEOUT_MS;
	frozen.pidfd = open_pidfd(pid, err);
	if (frozen.pidfd < 0)
		return -1;
	if (frozen_add_thread(&frozen, pid, NULL, err) < 0 || open_memory(&frozen, err) < 0) {
		forget(&frozen);
		return -1;
	}
	*ret_frozen = frozen;
	return 0;
}

int frozen_reopen_memory(struct frozen *frozen, struct err *err)
{
	memory_close(&frozen->memory);
	return open_memory(frozen, err);
}

int frozen_wait_born(pid_t tid, unsigned timeout_ms, struct err *err)
{
	struct stop stop;

	if (tracee_wait(tid, timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS, &stop, err) < 0)
		return -1;
	if (stop.kind == STOP_GONE)
		return err_set(err, ERR_GONE, "thread %d ended (signal %d) before it began", tid,
			       stop.signal);
	return 0;
}

struct frozen_thread *frozen_find(const struct frozen *frozen, pid_t tid)
{
	struct frozen_thread *const *rest = frozen->threads + 1;
	size_t low;

	/* All but the first ascend. */
	if (!frozen->n_threads || frozen->threads[0]->tid == tid)
		return frozen->n_threads ? frozen->threads[0] : NULL;
	low = 1 + SEARCH(frozen->n_threads - 1, i, rest[i]->tid < tid);
	return low < frozen->n_threads && frozen->threads[low]->tid == tid ? frozen->threads[low]
									   : NULL;
}

int frozen_set_state(struct frozen *frozen, struct frozen_thread *thread,
		     const struct arch_regs *regs, uint64_t sigmask, struct err *err)
{
	(void)frozen;
	if (arch_regs_set(thread->tid, regs, err) < 0)
		return -1;
	thread->regs = *regs;
	thread->borrowed = false;
	if (tracee_set_mask(thread->tid, sigmask, err) < 0)
		return -1;
	thread->sigmask = sigmask;
	thread->mask_known = true;
	thread->mask_borrowed = false;
	return 0;
}

int frozen_mask(struct frozen_thread *thread, struct err *err)
{
	if (!thread->mask_known && tracee_get_mask(thread->tid, &thread->sigmask, err) < 0)
		return -1;
	thread->mask_known = true;
	return 0;
}

int frozen_mask_seen(struct frozen_thread *thread, uint64_t sig_blocked, struct err *err)
{
	if (!thread->mask_known && !arch_regs_compat(&thread->regs) &&
	    wait_call_keeps_mask(arch_regs_syscall(&thread->regs))) {
		thread->sigmask = sig_blocked;
		thread->mask_known = true;
	}
	return frozen_mask(thread, err);
}

static int send_signal(struct frozen *frozen, int signal, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, frozen->pidfd, signal, NULL, 0) < 0)
		return err_sys(err, "signal %d to process %d", signal, frozen->pid);
	return 0;
}

int frozen_stop(struct frozen *frozen, struct err *err)
{
	/*
	 * It stays pending until the first thread is let go, which then stops all of the process
	 * before any of them comes to an instruction of its own.
	 */
	return send_signal(frozen, SIGSTOP, err);
}

static int await_stop(struct frozen *frozen, int inject, struct stop *ret_stop, struct err *err)
{
	pid_t tid = frozen->threads[0]->tid;

	if (tracee_resume(tid, PTRACE_CONT, inject, err) < 0 ||
	    tracee_wait(tid, frozen->timeout_ms, ret_stop, err) < 0)
		return -1;
	if (ret_stop->kind == STOP_GONE)
		return err_set(err, ERR_GONE, "process %d has ended", frozen->pid);
	return 0;
}

int frozen_stop_here(struct frozen *frozen, int signal, struct err *err)
{
	pid_t tid = frozen->threads[0]->tid;
	struct stop stop;
	uint64_t mask;

	/* Whatever else is pending stays so. SIGSTOP always comes through, and is exchanged for the other then. */
	if (tracee_get_mask(tid, &mask, err) < 0 ||
	    tracee_set_mask(tid, ~(1UL << (signal - 1)), err) < 0 ||
	    send_signal(frozen, SIGSTOP, err) < 0 || await_stop(frozen, 0, &stop, err) < 0)
		return -1;
	if (stop.kind != STOP_SIGNAL || stop.signal != SIGSTOP)
		return err_set(err, ERR_FAILED, "process %d stopped otherwise than by SIGSTOP (%d)",
			       frozen->pid, stop.signal);
	/* The trap is for the case that it does not stop. */
	if (tracee_interrupt(tid, err) < 0 || await_stop(frozen, signal, &stop, err) < 0 ||
	    tracee_set_mask(tid, mask, err) < 0)
		return -1;
	if (stop.kind != STOP_GROUP)
		return 0;
	frozen->threads[0]->stop_signal = stop.signal;
	return 1;
}

int frozen_kill(struct frozen *frozen, struct err *err)
{
	if (send_signal(frozen, SIGKILL, err) < 0)
		return -1;
	frozen->killed = true;
	return 0;
}

int frozen_give_back(struct frozen_thread *thread, struct err *err)
{
	/*
	 * The mask first: were we killed between the two, the thread would find its way back
	 * through the call loop, which blocks all signals before it begins.
	 */
	if (thread->mask_borrowed && tracee_set_mask(thread->tid, thread->sigmask, err) < 0)
		return -1;
	thread->mask_borrowed = false;
	if (thread->borrowed && arch_regs_set(thread->tid, &thread->regs, err) < 0)
		return -1;
	thread->borrowed = false;
	return 0;
}

static void collect_one(pid_t tid, unsigned timeout_ms)
{
	struct stop stop;

	while (tracee_wait(tid, timeout_ms, &stop, NULL) == 0 && stop.kind != STOP_GONE)
		ptrace(PTRACE_CONT, tid, 0, 0);
}

static void let_go(const struct frozen *frozen, struct frozen_thread *thread)
{
	unsigned timeout_ms = frozen->timeout_ms;
	struct stop stop = { 0 };
	int signal = 0;

	/*
	 * A thread that does not come back from a remote call is asked to stop. If it does not, it
	 * heals itself at the latest when this program ends. One that could not be stopped has nothing to heal.
	 */
	if (!thread->stopped) {
		if (!thread->caught && frozen->unwilling)
			timeout_ms = 1;
		ptrace(PTRACE_INTERRUPT, thread->tid, 0, 0);
		if (tracee_wait(thread->tid, timeout_ms, &stop, NULL) < 0 || stop.kind == STOP_GONE)
			return;
		signal = stop.kind == STOP_SIGNAL ? stop.signal : 0;
	}
	frozen_give_back(thread, NULL);
	/*
	 * A thread that went on before may have ended them all. Until its tracer asks, a dead thread keeps the end of the process from
	 * being told to its parent, which may be us.
	 */
	if (ptrace(PTRACE_DETACH, thread->tid, 0, (long)signal) < 0 && thread->tid != frozen->pid)
		collect_one(thread->tid, timeout_ms);
}

/* The end of the main thread is reported only after that of the others. */
static void collect_killed(struct frozen *frozen)
{
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (frozen->threads[i]->tid != frozen->pid)
			collect_one(frozen->threads[i]->tid, frozen->timeout_ms);
	if (frozen_find(frozen, frozen->pid))
		collect_one(frozen->pid, frozen->timeout_ms);
}

void thaw(struct frozen *frozen)
{
	int error = errno;

	if (frozen->killed)
		collect_killed(frozen);
	for (size_t i = 0; i < frozen->n_threads; i++) {
		if (!frozen->killed)
			let_go(frozen, frozen->threads[i]);
		free(frozen->threads[i]);
	}
	free(frozen->threads);
	free_sleepers(frozen);
	maps_ahead_free(frozen->maps);
	memory_close(&frozen->memory);
	cleanup_close(&frozen->proc);
	cleanup_close(&frozen->pidfd);
	*frozen = (struct frozen)FROZEN_EMPTY;
	errno = error;
}
