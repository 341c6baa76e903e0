/* SPDX-License-Identifier: MIT */
/* Running the call loop in one thread, from its registers back to its registers. */
#ifndef PIMAGE_BORROW_H
#define PIMAGE_BORROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/host.h"

struct err;
struct frozen_thread;
struct remote;
struct remote_call;

/*
 * One run of the call loop. Between its begin and its end the thread runs; meanwhile others of other processes may, too. Each that began must
 * be ended. A begin that failed has given the thread its registers back.
 */
struct borrowing {
	struct remote *remote;
	struct frozen_thread *thread;
	int rendezvous; /* 0: by PTRACE_SYSCALL */
	bool leaving;	/* by PTRACE_SYSCALL: all calls are done, the trap is on its way */
	bool done;
	struct arch_regs regs; /* at the end; not where .has_answered told that */
	/*
	 * Of a thread that the signal of the rendezvous has stopped: whether what its calls have left in memory proves that all were made. Then its registers, which would
	 * tell it too, are not looked at. NULL: there is no such proof.
	 */
	bool (*has_answered)(void *context);
	void *context;
};

/* One call, from registers. keep_scratch: the scratch memory does not go when the tracer dies. */
int borrow_one(struct remote *remote, struct frozen_thread *thread, struct remote_call *call,
	       bool keep_scratch, struct err *err);

int borrow_begin_one(struct borrowing *run, struct remote *remote, struct frozen_thread *thread,
		     const struct remote_call *call, bool keep_scratch, struct err *err);
int borrow_end_one(struct borrowing *run, struct remote_call *call, struct err *err);

/* count calls that lie at address vector of the process. */
int borrow_begin_many(struct borrowing *run, struct remote *remote, struct frozen_thread *thread,
		      uint64_t vector, size_t count, struct err *err);
int borrow_end(struct borrowing *run, struct err *err);

/* Gives back what options.lasting has left with a thread. To be called before the call loop goes. */
int borrow_return(struct remote *remote, struct err *err);

/*
 * Many threads at the same time, each with its own calls: threads that were born in the last run of this remote, and have not run
 * since (frozen_add_newborn). They keep registers and mask of this run; frozen_set_state gives them what they are to have.
 */
struct borrow_vector {
	struct frozen_thread *thread;
	uint64_t address;
	size_t count;
};
int borrow_newborn(struct remote *remote, const struct borrow_vector *vectors, size_t n,
		   struct err *err);

/* Clones a child and waits for its end, as arch_stub_enter_copy tells; the result of that clone. */
int borrow_copy(struct remote *remote, struct frozen_thread *thread, int64_t *ret_result,
		struct err *err);

#endif
