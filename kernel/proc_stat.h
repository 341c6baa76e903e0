/* SPDX-License-Identifier: MIT */
/* Process tree, scheduling, memory layout of a task, from the text of /proc/PID/stat. */
#ifndef PIMAGE_PROC_STAT_H
#define PIMAGE_PROC_STAT_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Numbers in brackets are those of proc_pid_stat(5). */
struct proc_stat {
	int32_t pid;	  /* (1) */
	char comm[64];	  /* (2) raw: any bytes but NUL */
	char state;	  /* (3) as in struct proc_status */
	int32_t ppid;	  /* (4) */
	int32_t pgrp;	  /* (5) */
	int32_t session;  /* (6) */
	uint32_t tty_nr;  /* (7) controlling terminal, for major() and minor() of sysmacros.h; 0:
			     none */
	int32_t tpgid;	  /* (8) foreground group of that terminal; -1: none */
	uint32_t flags;	  /* (9) PF_ bits of the kernel; differ between versions */
	uint64_t utime;	  /* (14) in ticks of sysconf(_SC_CLK_TCK) */
	uint64_t stime;	  /* (15) likewise */
	int32_t priority; /* (18) */
	int32_t nice;	  /* (19) */
	uint32_t num_threads; /* (20) */
	uint64_t starttime;   /* (22) ticks since boot; with the pid it names a process for good */
	int32_t exit_signal;  /* (38) to the parent; -1 for threads other than the leader */
	int32_t processor;    /* (39) last ran there */
	uint32_t rt_priority; /* (40) 0 if not real-time */
	uint32_t policy;      /* (41) SCHED_ numbers */

	/* Addresses; all 0 (code: 1) when the reader may not trace the process or it has no address
	 * space. */
	uint64_t startcode;  /* (26) */
	uint64_t endcode;    /* (27) */
	uint64_t startstack; /* (28) */
	uint64_t start_data; /* (45) */
	uint64_t end_data;   /* (46) */
	uint64_t start_brk;  /* (47) the end of the heap, sbrk(0), is not shown anywhere */
	uint64_t arg_start;  /* (48) */
	uint64_t arg_end;    /* (49) */
	uint64_t env_start;  /* (50) */
	uint64_t env_end;    /* (51) */
	int32_t exit_code;   /* (52) as for waitpid(2); 0 without the right to trace */
};

/* Refuses a text with fewer than 52 fields (3.5 and later have them); further ones are ignored. */
int proc_stat_parse(const char *text, size_t size, struct proc_stat *ret_stat, struct err *err);

#endif
