/* SPDX-License-Identifier: MIT */
/* Newer kernel interfaces that have a fallback, and which of them a test has switched off. */
#ifndef PIMAGE_FALLBACK_H
#define PIMAGE_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * Whether the kernel has an interface is found out by using it, where it is used: it may be absent,
 * forbidden by a sandbox, or switched off here. The oldest kernel supported is 5.10.
 */
enum feature {
	FEATURE_PAGEMAP_SCAN,	/* ioctl PAGEMAP_SCAN, since 6.7; else reading /proc/PID/pagemap */
	FEATURE_PIDFD_GETFD,	/* since 5.6; else /proc/PID/fd for regular files */
	FEATURE_PROCESS_VM,	/* process_vm_readv/writev; else /proc/PID/mem */
	FEATURE_PROC_MEM_FORCE, /* writing through /proc/PID/mem; else PTRACE_POKEDATA */
	FEATURE_RSEQ_CONFIGURATION, /* PTRACE_GET_RSEQ_CONFIGURATION, since 5.13 */
	FEATURE_VDSO_PADDING,	    /* call loop in the vDSO's tail; else that of another mapping */
	FEATURE_RENDEZVOUS,	    /* end of a remote batch by signal; else by PTRACE_SYSCALL */
	FEATURE_KCMP,		    /* kcmp(2); else F_DUPFD_QUERY on duplicates, since 6.10 */
	FEATURE_SCHED_TIMES,	    /* /proc/PID/task/TID/sched: when a thread went to sleep */
	FEATURE_SAME_VDSO, /* the image's vDSO is this kernel's; else calls of it are redirected */
	FEATURE_PROCMAP_QUERY, /* ioctl PROCMAP_QUERY, since 6.11; else reading /proc/PID/maps */
	FEATURE_PROC_CHILDREN, /* /proc/PID/task/TID/children, CONFIG_PROC_CHILDREN; else all of /proc */
	FEATURE_COLLAPSE,      /* MADV_COLLAPSE, since 6.1; else memory is filled page by page */
	FEATURE_USERFAULTFD, /* page faults answered by another process; else memory is filled before it runs */
	/* Not the kernel's: prestore --lazy gives pages before they are asked for; else few, and not those of small mappings. */
	FEATURE_FILL_AHEAD,
	FEATURE_COUNT,
};

/* Filled once at start and const from then on; contexts keep a pointer to it. */
struct kernel_features {
	uint32_t off; /* bits 1 << enum feature */
};

/*
 * Parses the value of the environment variable PIMAGE_WITHOUT, names of features in lower case with
 * commas between, such as "pagemap_scan,process_vm". NULL and "" switch nothing off. Refuses names
 * that it does not know and lists those it does.
 */
int kernel_features_init(const char *without, struct kernel_features *ret_features,
			 struct err *err);

/* Whether to try it. NULL features: everything is tried. */
bool feature_on(const struct kernel_features *features, enum feature feature);

#endif
