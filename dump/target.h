/* SPDX-License-Identifier: MIT */
/* A process that is being dumped, and what was read of it first because everything else needs it.
 */
#ifndef PIMAGE_TARGET_H
#define PIMAGE_TARGET_H

#include "format/image.h"
#include "kernel/freeze.h"
#include "kernel/proc_maps.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "kernel/remote.h"

struct closing;
struct err;
struct facts;
struct scan_ahead;
struct snapshot;

/* What was asked in a process, of one kind of record. */
struct question {
	size_t first;  /* of its calls in the batch of all questions */
	void *answers; /* where they write to; NULL: nothing was asked */
};

struct target_descriptor {
	uint32_t number;
	char *link;  /* NULL: not to be read */
	char *info;  /* of fdinfo; likewise */
	mode_t mode; /* of what it refers to; 0: not known */
	bool of_parent; /* known to be the same open file description as that of this number in the parent */
};

struct target {
	pid_t pid;	       /* as this program sees it */
	char name[24];	       /* "pid 42", for problems */
	uint32_t own_pid;      /* as the process sees it, in its innermost namespace: the key in the
				  image */
	int proc;	       /* directory /proc/PID */
	bool same_cpuset;      /* as this program */
	struct frozen *frozen; /* NULL when it runs (--check); not owned */
	struct remote *remote; /* NULL likewise; not owned */
	const struct target
		*parent; /* if it is among the targets, before this one; NULL: it is not */
	struct remote_batch *batch; /* of all questions, run in the first thread */
	struct question questions[KIND_COUNT];
	struct proc_status status;
	struct proc_stat stat;
	struct maps maps; /* with detail; taken before anything was mapped remotely */
	uint64_t private; /* bytes of memory in use that only it has, about */
	uint64_t locked;  /* bytes of memory that is locked */
	bool late; /* its maps are as foreknown, and its page tables are not yet read: see dump/late.h */
	struct target_descriptor *descriptors; /* ascending; of dump/facts.h; else NULL */
	size_t n_descriptors;
	bool alone; /* it told that no other process is in its address space; else that is not known */
	struct facts *facts; /* dump/facts.h; NULL: nothing was read ahead */
	char *pid_namespace; /* "pid:[4026531836]"; NULL: not shown */
	struct process_memory memory;
	struct scan_ahead *ahead; /* NULL: its page tables have not been read ahead */
	unsigned threads;	  /* of this program that may read it at the same time */
	const struct snapshot
		*snapshot; /* where its pages are as they were; NULL: in it; not owned */
};

/* Bytes of private memory from which on walking page tables takes longer than starting a thread for it. */
#define TARGET_LARGE (UINT64_C(32) << 20)

#define TARGET_EMPTY                                                                               \
	{                                                                                          \
		.proc = -1, .memory = {.fd = -1 }                                                  \
	}

/* The id in the innermost namespace; `otherwise` where the kernel shows none. */
uint32_t ns_own(const struct ns_ids *ids, int32_t otherwise);

/* Opens /proc/PID and reads status and stat only: for a look at its descriptors. */
int target_look(pid_t pid, struct target *ret_target, struct err *err);
/*
 * Opens /proc/PID and its memory, or takes over what is open of one that stands still (`frozen`, which it gets; NULL: it runs), and reads status, stat, smaps and its pid namespace; of a large one that stands still its page tables are being read, too, when it returns. With what was known
 * of its mappings before it was stopped, neither is done if that will do: it is `late`. On failure what was opened is released by target_done.
 */
int target_open(pid_t pid, struct frozen *frozen, const struct maps *foreknown,
		const struct kernel_features *features, struct target *target, struct err *err);
/* What it has been asked, and what was read ahead: nobody asks for it any more. */
void target_drop_answers(struct target *target);
/* Reads what a thread of it is. closing: of read_piece_later. Release with proc_status_release. */
int target_thread_status(const struct target *target, pid_t tid, struct closing *closing,
			 struct proc_status *ret_status, struct err *err);

/*
 * For dumper.ask: zeroed room of that size, in which the calls that are pushed to target->batch from now on put their answers. Freed with
 * the target. NULL: no memory.
 */
void *target_ask(struct target *target, enum kind kind, size_t size, struct err *err);

/* NULL: not listed, or there was none. */
const struct target_descriptor *target_descriptor(const struct target *target, uint32_t number);

/* Whether a process is a zombie, or gone. */
bool target_ended(pid_t pid);

void target_done(struct target *target);

#endif
