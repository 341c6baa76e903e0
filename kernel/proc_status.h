/* SPDX-License-Identifier: MIT */
/* Identity, signal masks and capabilities of a thread, from the text of /proc/PID/status. */
#ifndef PIMAGE_PROC_STATUS_H
#define PIMAGE_PROC_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Ids of one task in each pid namespace: [0] in that of the /proc it was read from, the last in its
 * own.
 */
struct ns_ids {
	uint32_t count;
	int32_t id[33]; /* MAX_PID_NS_LEVEL + 1 */
};

struct id_set {
	uint32_t real;
	uint32_t effective;
	uint32_t saved;
	uint32_t fs; /* for file access */
};

enum thread_feature {
	THREAD_FEATURE_SHSTK = 1 << 0, /* user shadow stack in use */
	THREAD_FEATURE_WRSS = 1 << 1,
	THREAD_FEATURE_OTHER = 1 << 2, /* one that has no name here */
};

struct proc_status {
	char name[64]; /* comm, unescaped: any bytes but NUL; kernel threads can have up to 63 */
	char state;    /* R running, S sleeping, D deeply, T stopped, t traced, Z zombie, X dead, I
			  idle */
	int32_t tgid;
	int32_t ngid; /* NUMA group, 0 if none */
	int32_t pid;  /* of the thread */
	int32_t ppid;
	int32_t tracer_pid; /* 0: none */
	struct id_set uid;
	struct id_set gid;
	uint32_t *groups; /* malloc'd; as the kernel has them, ascending */
	size_t n_groups;
	/* Count 0 when the kernel has no pid namespaces. */
	struct ns_ids ns_tgid;
	struct ns_ids ns_pid;
	struct ns_ids ns_pgid;
	struct ns_ids ns_sid;
	int32_t umask;	    /* -1: the task has no file system context (zombie, dying) */
	uint32_t threads;   /* number of threads in the process; 0 for a zombie leader's remains */
	bool kernel_thread; /* false on kernels that do not show it: they have no mappings */
	bool core_dumping;  /* it is writing its core at this moment */
	int8_t thp_enabled; /* 0: PR_SET_THP_DISABLE; -1: not shown, there is no address space */

	/* Sets of signals: bit n-1 is signal n. */
	uint64_t sig_pending;	     /* of this thread */
	uint64_t sig_shared_pending; /* of the process */
	uint64_t sig_blocked;
	uint64_t sig_ignored;
	uint64_t sig_caught;

	/* Sets of capabilities: bit n is capability n. */
	uint64_t cap_inheritable;
	uint64_t cap_permitted;
	uint64_t cap_effective;
	uint64_t cap_bounding;
	uint64_t cap_ambient;

	bool no_new_privs;
	uint32_t seccomp;	  /* 0 off, 1 strict, 2 filter; 0 if the kernel has no seccomp */
	uint32_t seccomp_filters; /* how many; 0 before 5.9: .seccomp tells then */
	uint32_t thread_features; /* enum thread_feature; 0 before 6.6 or without the hardware */
	uint32_t thread_features_locked;
};

/* Skips lines it does not know. Name, State, the first ids, Uid, Gid and the masks are required. */
int proc_status_parse(const char *text, size_t size, struct proc_status *ret_status,
		      struct err *err);

/* Accepts a zeroed struct; leaves a zeroed one. */
void proc_status_release(struct proc_status *status);

#endif
