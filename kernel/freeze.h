/* SPDX-License-Identifier: MIT */
/* Stopping a whole process without harm, and letting it go on as if nothing had happened. */
#ifndef PIMAGE_FREEZE_H
#define PIMAGE_FREEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/host.h"
#include "format/cleanup.h"
#include "kernel/memory.h"

struct err;
struct kernel_features;

/* One stopped thread. Read it freely; change registers and mask by frozen_set_state only. */
struct frozen_thread {
	pid_t tid;
	/*
	 * 0: it was running or in a system call. Else the signal of a group stop (SIGSTOP, SIGTSTP,
	 * SIGTTIN, SIGTTOU) in which the process was found and in which thaw leaves it.
	 */
	int stop_signal;
	/*
	 * As the thread will be resumed with them. In a system call (arch_regs_syscall >= 0) with a
	 * result of -ERESTART..., the kernel runs the call again, or returns EINTR if a handler
	 * runs first. Differs from what the kernel showed at the stop in two cases: a
	 * restartable-sequence that was cut is at its abort handler, as the kernel does it for
	 * every preemption; a call such as epoll_wait, which a stop ends with EINTR though there
	 * was no signal, is set to be run again (see kernel/interrupted.h).
	 */
	struct arch_regs regs;
	/* Bit n-1: signal n. Of a thread in sigsuspend, ppoll...: the mask outside of that call. Only after frozen_mask. */
	uint64_t sigmask;
	/*
	 * In a call with a time limit: since when it has been waiting there (CLOCK_MONOTONIC), to
	 * within microseconds; never too early. 0: unknown, such as for restart_syscall.
	 */
	uint64_t asleep_since_ns;
	/*
	 * If arch_regs_syscall is restart_syscall: the call that is being restarted (nanosleep,
	 * clock_nanosleep, poll, futex), with the arguments that the registers still hold. -1:
	 * unknown; 0 otherwise.
	 */
	long restarted;
	/* Where its rseq area is registered; size 0: not, or unknown (kernel before 5.13). */
	uint64_t rseq_address;
	uint32_t rseq_size;
	uint32_t rseq_signature;

	bool held;	 /* its call returned EINTR for the stop alone, and will be run again */
	bool rseq_known; /* the kernel tells of rseq, since 5.13 */
	bool mask_known;
	/* Remote calls may run in it; found out before the first one. */
	bool lendable;
	/* Somebody has read its status (20 us), or knows: it is under no seccomp. Of a stopped thread that stays so. */
	bool unfiltered;
	bool stopped;  /* in a ptrace-stop at this moment */
	bool caught;   /* has been in one; before that nothing of it is changed */
	bool borrowed; /* registers are those of a remote call: thaw gives them back */
	bool mask_borrowed;
};

struct frozen {
	pid_t pid;
	int pidfd;
	int proc; /* /proc/PID, which whoever needs it longer may take; -1: not open */
	struct process_memory memory;
	const struct kernel_features *features;
	/* The main thread, then ascending by tid; pointers stay valid until thaw, also when threads are added. */
	struct frozen_thread **threads;
	size_t n_threads;
	size_t room;
	bool leader_exited; /* the main thread has ended while others run: it is not in .threads */
	uint64_t asked_ns;  /* CLOCK_MONOTONIC: just before the first was asked to stop */
	uint64_t interrupted_ns; /* CLOCK_MONOTONIC: all threads had been asked to stop */
	bool killed;		 /* frozen_kill was called */
	bool exitkill;
	bool unwilling; /* some thread did not stop in time: others are not waited for as long */
	unsigned timeout_ms;
	struct sleepers *sleepers; /* from freeze_begin to freeze_end; NULL */
	bool maps_wanted;
	struct maps_ahead *
		maps; /* of .proc, which whoever wants them may take; NULL: not worth it, or not wanted */
};

struct freeze_options {
	/*
	 * The process is killed when the calling thread ends, however. For processes that pimage
	 * itself has made; never for somebody's own.
	 */
	bool exitkill;
	/* How long one thread may take to stop or a remote call to come back; 0: 10000. */
	unsigned timeout_ms;
	/* Somebody will read smaps next: of many threads it may be read while they are looked at. */
	bool maps;
};

/* What an empty one looks like; thaw accepts it. */
#define FROZEN_EMPTY                                                                               \
	{                                                                                          \
		.pidfd = -1, .proc = -1, .memory = {.fd = -1 }                                     \
	}

/*
 * Stops every thread of the process. Only the calling thread may from then on use ptrace on it,
 * make remote calls and thaw it. Signals that arrive meanwhile stay pending. options may be NULL.
 *
 * On failure nothing stays stopped. Errors name the cause and what would help: no such process, a
 * zombie, a kernel thread, traced already (names the tracer), another user's, not dumpable, Yama's
 * ptrace_scope, a thread that does not stop (state D; frozen by cgroup).
 */
int freeze_process(pid_t pid, const struct freeze_options *options,
		   const struct kernel_features *features, struct frozen *ret_frozen,
		   struct err *err);

/*
 * The same in two steps, for several processes that stop at the same time while they are still being looked at: all threads are asked
 * to stop, and then waited for. None of them may be an ancestor of another: who waits for the child of a vfork does not stop before that runs
 * on. What began has to be thawed if that fails. Calls that the stop ends with EINTR are
 * mended by freeze_end only, so it comes soon, also for what is given up.
 */
int freeze_begin(pid_t pid, const struct freeze_options *options,
		 const struct kernel_features *features, struct frozen *ret_frozen,
		 struct err *err);
int freeze_end(struct frozen *frozen, struct err *err);

/*
 * Takes over a process whose main thread the calling thread already traces (by PTRACE_SEIZE, or
 * born traced of such a one) and which is in the stop of exec or of its birth, which was reported.
 * Other threads are not looked for; frozen_add_thread takes over each of them likewise. On failure
 * it still is the caller's.
 */
int frozen_adopt(pid_t pid, const struct kernel_features *features, struct frozen *ret_frozen,
		 struct err *err);
int frozen_add_thread(struct frozen *frozen, pid_t tid, struct frozen_thread **ret_thread,
		      struct err *err);

/*
 * The same for a thread that `parent` has made by a remote call with CLONE_PTRACE and CLONE_UNTRACED, so that neither reports its
 * birth as an event. Waits for its first stop, which comes when the call is over. It goes by the parent's registers and mask,
 * until frozen_set_state.
 */
int frozen_add_newborn(struct frozen *frozen, const struct frozen_thread *parent, pid_t tid,
		       struct frozen_thread **ret_thread, struct err *err);

/*
 * The same for a process that `parent` has made by a remote call and that has had its first stop (frozen_wait_born). It goes
 * by the parent's registers and mask at once.
 */
int frozen_adopt_newborn(const struct frozen *family, const struct frozen_thread *parent, pid_t pid,
			 struct frozen *ret_frozen, struct err *err);

/*
 * A thread (or, by pid, another process that was cloned remotely) that is traced from its birth:
 * waits for its first stop, so that it can be adopted or added.
 */
int frozen_wait_born(pid_t tid, unsigned timeout_ms, struct err *err);

/* The process has another address space since it executed a program: looks at that one. */
int frozen_reopen_memory(struct frozen *frozen, struct err *err);

/* NULL if there is none. */
struct frozen_thread *frozen_find(const struct frozen *frozen, pid_t tid);

/* Sees to it that .sigmask is known. */
int frozen_mask(struct frozen_thread *thread, struct err *err);

/* The same for who has read the thread's status since it stands still: saves asking where SigBlk cannot be another mask, of a call that waits. */
int frozen_mask_seen(struct frozen_thread *thread, uint64_t sig_blocked, struct err *err);

/* What the thread is to go on with. Takes effect at once in the stopped thread. */
int frozen_set_state(struct frozen *frozen, struct frozen_thread *thread,
		     const struct arch_regs *regs, uint64_t sigmask, struct err *err);

/*
 * Stops a process of one thread now, which is traced and stays so: 1, or 0 where the kernel ignores that signal (a group that has
 * lost who could continue it, setpgid(2)). The signal must not have a handler. No instruction of its own is executed.
 */
int frozen_stop_here(struct frozen *frozen, int signal, struct err *err);

/* The process will be stopped by SIGSTOP instead of running on when it is thawed. */
int frozen_stop(struct frozen *frozen, struct err *err);

/*
 * SIGKILL, now. thaw must still be called; it then waits for the end, and if the process is a child
 * of the caller its exit status is taken by that.
 */
int frozen_kill(struct frozen *frozen, struct err *err);

/* Registers and mask that a remote call has borrowed, at once. Used by thaw too. */
int frozen_give_back(struct frozen_thread *thread, struct err *err);

/*
 * Gives everything back that is borrowed, detaches from all threads, closes descriptors, frees.
 * A process found stopped stays stopped. Accepts an empty one and leaves an empty one; for
 * _cleanup_. Close remotes first. Nothing can fail but that a thread is gone.
 */
void thaw(struct frozen *frozen);
#define _cleanup_thaw_ _cleanup_(thaw)

#endif
