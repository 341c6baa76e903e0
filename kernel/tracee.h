/* SPDX-License-Identifier: MIT */
/* One traced thread: waiting for its stops with a time limit, and letting it go on. */
#ifndef PIMAGE_TRACEE_H
#define PIMAGE_TRACEE_H

#include <stdint.h>
#include <sys/types.h>

struct err;

enum stop_kind {
	STOP_SIGNAL,  /* .signal is about to be delivered: signal-delivery-stop */
	STOP_TRAP,    /* PTRACE_INTERRUPT, a new thread's first stop: .signal is SIGTRAP */
	STOP_GROUP,   /* group stop by .signal */
	STOP_EVENT,   /* PTRACE_EVENT_ number .event */
	STOP_SYSCALL, /* entry or return of a system call, under PTRACE_SYSCALL */
	STOP_GONE,    /* it ended: no tracee any more */
};

struct stop {
	enum stop_kind kind;
	int signal; /* STOP_GONE: that killed it, 0 if it exited */
	int event;
	int status; /* STOP_GONE: what it exited with */
};

/*
 * Waits until the traced thread reports a stop. Needs PTRACE_O_TRACESYSGOOD set. Fails if it does
 * not within the time; the error tells its state then. It may take a SIGCHLD that is pending: whoever listens to that signal
 * looks for what has happened afterwards.
 */
int tracee_wait(pid_t tid, unsigned timeout_ms, struct stop *ret_stop, struct err *err);

/* Whether it has reported a stop already: 1 (ret_stop), 0 not yet, <0 when it is not a tracee. */
int tracee_poll(pid_t tid, struct stop *ret_stop);

int tracee_interrupt(pid_t tid, struct err *err);

/* request: PTRACE_CONT or PTRACE_SYSCALL; signal is delivered if not 0. */
int tracee_resume(pid_t tid, int request, int signal, struct err *err);

int tracee_get_mask(pid_t tid, uint64_t *ret_mask, struct err *err);
int tracee_set_mask(pid_t tid, uint64_t mask, struct err *err);

#endif
