/* SPDX-License-Identifier: MIT */
/* The files of /proc/PID that hold a single value. */
#ifndef PIMAGE_PROC_MISC_H
#define PIMAGE_PROC_MISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * One number and at most a newline. `what` names the file in the error. Hex has no 0x: personality,
 * coredump_filter. Decimal: timerslack_ns (unsigned), oom_score_adj (signed).
 */
int proc_hex_parse(const char *text, size_t size, const char *what, uint64_t *ret_value,
		   struct err *err);
int proc_unsigned_parse(const char *text, size_t size, const char *what, uint64_t *ret_value,
			struct err *err);
int proc_signed_parse(const char *text, size_t size, const char *what, int64_t *ret_value,
		      struct err *err);

/*
 * comm: the raw name without the newline that the kernel adds (one of its own may stand before). At
 * most 63 bytes.
 */
int proc_comm_parse(const char *text, size_t size, char ret_name[64], struct err *err);

/* cmdline, environ: strings that each end in a NUL. */
struct proc_strings {
	char **list; /* malloc'd, one block with the strings; ends with a NULL pointer */
	size_t count;
	bool unterminated; /* the last one had no NUL: the process wrote over its arguments
			      (setproctitle) */
};

/* An empty text gives an empty list. */
int proc_strings_parse(const char *text, size_t size, struct proc_strings *ret_strings,
		       struct err *err);
void proc_strings_release(struct proc_strings *strings);

/* syscall: where a thread is. Needs CONFIG_HAVE_ARCH_TRACEHOOK and the right to trace. */
enum proc_syscall_kind {
	PROC_SYSCALL_RUNNING, /* on a processor: nothing is known, the rest is 0 */
	PROC_SYSCALL_NONE,    /* stopped, but not in a system call: sp and pc only */
	PROC_SYSCALL_IN,      /* in system call .nr */
};

struct proc_syscall {
	enum proc_syscall_kind kind;
	int64_t nr;
	uint64_t args[6];
	uint64_t sp;
	uint64_t pc;
};

int proc_syscall_parse(const char *text, size_t size, struct proc_syscall *ret_syscall,
		       struct err *err);

#endif
