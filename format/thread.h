/* SPDX-License-Identifier: MIT */
/* What each thread has of its own. The XSAVE area is an entry beside it, threads/<tid>.xstate. */
#ifndef PIMAGE_THREAD_H
#define PIMAGE_THREAD_H

#include "format/record.h"
#include "format/signals.h"

struct alternate_stack {
	uint64_t address;
	uint64_t size;
	uint32_t flags;
};

struct rseq_registration {
	uint64_t address;
	uint32_t size;
	uint32_t signature;
	uint32_t flags;
};

struct robust_registration {
	uint64_t head;
	uint64_t size;
};

struct scheduling {
	uint32_t policy;
	uint32_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	char *affinity;
	uint32_t io_class;
	uint32_t io_priority;
	uint64_t timer_slack;
};

/* How such a call goes on after restore. */
enum restart {
	RESTART_AGAIN = 1, /* with its whole time-out */
	RESTART_REMAINING, /* with the time that was left */
};

/* The system call that the thread was in; only there when it was in one that has to be continued.
 */
struct system_call {
	uint64_t number;
	uint32_t restart; /* enum restart */
	uint64_t remaining;
};

struct thread {
	uint32_t tid;
	char *name;
	struct variant registers;
	struct system_call *system_call;
	uint64_t blocked;
	struct siginfo_record *pending;
	size_t n_pending;
	struct alternate_stack *alternate_stack;
	struct robust_registration *robust_list;
	struct rseq_registration *rseq;
	uint64_t clear_child_tid;
	uint32_t parent_death_signal;
	struct scheduling scheduling;
};

extern const struct record thread_record;

#endif
