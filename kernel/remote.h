/* SPDX-License-Identifier: MIT */
/* System calls inside another process, which heals itself if the caller dies in the middle. */
#ifndef PIMAGE_REMOTE_H
#define PIMAGE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "format/cleanup.h"
#include "kernel/memory.h"

struct err;
struct frozen;
struct frozen_thread;
struct proc_status;

/* One system call; layout shared with the call loop (arch/<isa>/stub_code.S). */
struct remote_call {
	uint64_t nr; /* __NR_ number */
	uint64_t arg[6];
	int64_t result; /* as the kernel returns it: -errno on failure (-4095..-1) */
};

/* &REMOTE_CALL(munmap, address, length) */
#define REMOTE_CALL(name, ...) ((struct remote_call){ .nr = __NR_##name, .arg = { __VA_ARGS__ } })

/* What to do when the running thread reports a PTRACE_EVENT_ (clone, fork, ...; exec see below). */
typedef int remote_event_fn(void *context, struct frozen_thread *thread, int event,
			    unsigned long message, struct err *err);

#define REMOTE_SCRATCH ((size_t)96 << 10)
#define REMOTE_STACK   ((size_t)12 << 10) /* of remote_stack_room */

struct remote_options {
	/*
	 * The signal by which a thread tells that it is done: 0: chosen for each run among those
	 * that the process ignores; -1: do without one. See remote_set_rendezvous.
	 */
	int rendezvous;
	/* Bytes for calls and their data, mapped in the process; 0: REMOTE_SCRATCH. */
	size_t scratch_size;
	/* Of remote_stack_room: is used as long as it will do. Empty: memory is mapped at once. */
	struct memory_range stack;
	/* If somebody has read /proc/PID/status since the process stands still: saves doing it again. May be NULL. */
	const struct proc_status *status;
	uint64_t vdso_end; /* likewise where its vDSO ends; 0: unknown */
	/*
	 * A thread that has made its calls stays in the call loop, registers and mask lent, until another one is to make some, remote_close, or thaw:
	 * saves giving them back for the next calls of the same.
	 */
	bool lasting;
	remote_event_fn *event; /* NULL: such events are passed over */
	void *context;
};

#define REMOTE_SCRATCH_MARK 16

struct remote {
	struct frozen *frozen;
	struct remote_options options;
	uint64_t stub;	 /* address of the call loop in the process; 0: not in place */
	bool in_padding; /* it lies in zero bytes of a mapping, which become zero again */
	uint64_t
		scratch; /* for batches; not among the mappings that the process has itself, or in its stack */
	size_t scratch_size; /* bytes; 0: there is none; the last REMOTE_SCRATCH_MARK are not free */
	char *under;	     /* what was there in the stack; NULL: it is mapped */
	uint64_t left;	     /* memory that a killed tracer had left; unmapped by remote_open */
	size_t left_size;    /* bytes; 0: there was none */
	uint64_t moved;	     /* of remote_move: start and size of the mapping; 0: none */
	size_t moved_size;
	uint64_t sends; /* how often something was put into the scratch memory for a batch */
	struct frozen_thread *lent; /* of options.lasting; NULL: none */
	int lent_rendezvous;
	bool execed; /* the process executed another program: nothing of ours is left in it */

	uint64_t ignored; /* signals that the process ignores; bit n-1: signal n */
	uint64_t avoid;	  /* signals that were sent by remote calls: they must stay pending */
	bool stale;	  /* .ignored is to be looked up again */
};

#define REMOTE_EMPTY                                                                               \
	{                                                                                          \
		.frozen = NULL                                                                     \
	}

/*
 * Puts the call loop into the zero padding at the end of the vDSO, or of another private
 * executable mapping, and maps scratch memory. Runs in the given thread. options may be NULL.
 *
 * The address space differs from the frozen one by the scratch mapping until remote_close: take
 * /proc/PID/maps before, or leave the range [scratch, scratch + scratch_size) out. What was taken
 * before may show [left, left + left_size), which is gone.
 *
 * Refused: 32-bit threads; processes under seccomp (calls would run through their filter);
 * no place for the loop.
 */
int remote_open(struct frozen *frozen, struct frozen_thread *thread,
		const struct remote_options *options, struct remote *ret_remote, struct err *err);

/* A remote to be opened, with the arguments of remote_open. */
struct remote_opening {
	struct frozen *frozen;
	struct frozen_thread *thread;
	const struct remote_options *options; /* may be NULL */
	struct remote *remote;
};

/* What this program does once while processes run its calls, instead of waiting for them; it does not use ptrace. */
struct meanwhile {
	void (*does)(void *context);
	void *context;
};

/* remote_open of several processes at the same time; meanwhile may be NULL. On failure each that is not empty has to be closed or released. */
int remote_open_each(const struct remote_opening *openings, size_t n,
		     const struct meanwhile *meanwhile, struct err *err);

/*
 * For a process under construction: maps size bytes at address (page-aligned, free, at least two
 * pages), moves loop and scratch there, and leaves nothing elsewhere. Everything else may then be
 * unmapped or moved. remote_close puts the loop back into the padding of whatever is mapped then,
 * so the vDSO, or some private executable mapping, must be there again.
 */
int remote_move(struct remote *remote, struct frozen_thread *thread, uint64_t address, size_t size,
		struct err *err);

/*
 * The remote of a process that was cloned by a call of this one: loop and scratch memory came with it and lie where they lie
 * here. For processes under construction: scratch memory that was not moved is one and the same in both.
 */
void remote_inherit(const struct remote *remote, struct frozen *child, struct remote *ret_remote);

/*
 * Another signal for the rendezvous from now on: one that the process ignores (SIG_IGN, or ignored
 * by default and not caught) and that is not pending. 0: chosen for each run; remote calls of
 * rt_sigaction, kill, rt_sigqueueinfo... are taken into account. -1: none, by PTRACE_SYSCALL, which
 * needs PTRACE_O_TRACESYSGOOD.
 */
int remote_set_rendezvous(struct remote *remote, int signal, struct err *err);

/*
 * Unmaps the scratch memory, zeroes the padding. Runs in the thread, or in any if it is NULL.
 * Accepts an empty one and leaves an empty one.
 */
int remote_close(struct remote *remote, struct frozen_thread *thread, struct err *err);
/* The same of several processes at the same time. All are empty then; the first failure is told. */
int remote_close_each(struct remote *const *remotes, size_t n, struct err *err);
/* For _cleanup_. */
void remote_release(struct remote *remote);
#define _cleanup_remote_ _cleanup_(remote_release)

/*
 * One system call in the thread. Registers and mask of the thread are its own again on return,
 * whether it failed or not. Returns <0 if the call failed: err names it, its arguments and the
 * reason, errno is set. The raw result is in call->result.
 *
 * After a successful execve (which needs PTRACE_O_TRACEEXEC) the thread stands before the first
 * instruction of the new program, its .regs are those of that, remote->execed is set, and the remote
 * can only be closed. Call frozen_reopen_memory before the next remote_open.
 */
int remote_call(struct remote *remote, struct frozen_thread *thread, struct remote_call *call,
		struct err *err);

/* The same, where the call's own failure is no error of the engine: look at call->result. */
int remote_try(struct remote *remote, struct frozen_thread *thread, struct remote_call *call,
	       struct err *err);

/*
 * Many calls in one stop of the thread, in order; a failing one does not end the batch. They run to
 * the end even if the caller dies meanwhile: choose them so that this does no harm. Calls that wait
 * (nanosleep, poll, futex) must not be among them: they would forget a call that is to be
 * restarted.
 */
struct remote_batch;

struct remote_batch *remote_batch_new(const struct remote *remote);
/* For few calls with little data, at most REMOTE_SLICE_DATA_MAX bytes for each: all lies in one page, and the answers come by one read of that. */
#define REMOTE_SMALL 4096
struct remote_batch *remote_batch_small(const struct remote *remote);
void remote_batch_free(struct remote_batch *batch);
static inline void cleanup_remote_batch(struct remote_batch **batch)
{
	remote_batch_free(*batch);
}
#define _cleanup_batch_ _cleanup_(cleanup_remote_batch)

/*
 * Room in the process for data of the call that is pushed next (and of no other, because a batch
 * that is too big for the scratch memory is run in parts). The address is what to give to that
 * call. For a call together at most REMOTE_DATA_MAX bytes; 16-byte aligned.
 *
 * remote_data: holds a copy of bytes.
 * remote_out:  zeroed at first; after the run its contents are copied into buffer, which must live
 *              until then. With inout, it holds buffer's present bytes at first.
 *
 * Failure (no memory, too much data) is kept and reported by remote_run.
 */
#define REMOTE_DATA_MAX 16384
uint64_t remote_data(struct remote_batch *batch, const void *bytes, size_t length);
uint64_t remote_out(struct remote_batch *batch, void *buffer, size_t length);
uint64_t remote_inout(struct remote_batch *batch, void *buffer, size_t length);

/* Adds a call; its index, from 0 on. */
size_t remote_push(struct remote_batch *batch, struct remote_call call);
/* How many were added. */
size_t remote_batch_size(const struct remote_batch *batch);

/*
 * Runs all calls in the thread. Returns <0 only when the engine failed; then some may have run. A
 * batch can be run again, in the same or another thread (data is sent anew, results are replaced).
 */
int remote_run(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
	       struct err *err);

/*
 * remote_run in two steps, between which the thread runs: whoever has something else to do need not wait for it to be scheduled. No other remote
 * call in this process may come between, and each that began must be ended. Only for a batch that fits into the scratch memory. If it was the last one that was
 * sent there, it is not sent again: room of remote_out then holds what it held after its last run, where a call fails.
 *
 * `proof`: what the last call answers in this thread and in no other in which the batch has run, such as gettid; then its registers need not be looked at
 * for the end. 0: they are.
 */
int remote_begin(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
		 int64_t proof, struct err *err);
int remote_end(struct remote *remote, struct remote_batch *batch, struct err *err);

/* One batch in each of several processes. */
struct remote_task {
	struct remote *remote;
	struct frozen_thread *thread;
	struct remote_batch *batch;
};

/*
 * remote_run of all of them at the same time: each of a remote of its own. Whoever waits for one after another waits for each to be scheduled.
 * On failure of one the others have run, or not begun. meanwhile may be NULL.
 */
int remote_run_each(const struct remote_task *tasks, size_t n, const struct meanwhile *meanwhile,
		    struct err *err);

/* The same for calls of which none may fail: the first that did is named in err. */
int remote_run_all(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
		   struct err *err);

/*
 * The same for many threads at once, each with a batch of its own in its slice of the scratch memory: threads that were born in
 * the last run of this remote (frozen_add_newborn). How many slices there are; the batch of one, whose calls may have
 * REMOTE_SLICE_DATA_MAX bytes of data each; running them, where no call may fail. The threads keep what registers they have then.
 */
#define REMOTE_SLICE	      8192
#define REMOTE_SLICE_DATA_MAX 1024
size_t remote_slices(const struct remote *remote);
struct remote_batch *remote_batch_slice(const struct remote *remote, size_t index);
int remote_run_newborn(struct remote *remote, struct frozen_thread *const *threads,
		       struct remote_batch *const *batches, size_t n, struct err *err);

/* The raw result of a call after remote_run. */
int64_t remote_result(const struct remote_batch *batch, size_t index);

/* 0 if the call succeeded; else <0, errno set, and err names the call, arguments and reason. */
int remote_check(const struct remote_batch *batch, size_t index, struct err *err);

#endif
