/* SPDX-License-Identifier: MIT */
/* By which signal a thread tells its tracer that its remote calls are done. */
#ifndef PIMAGE_RENDEZVOUS_H
#define PIMAGE_RENDEZVOUS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct frozen_thread;
struct remote;
struct remote_call;
struct proc_status;

/* Signals that the process ignores and that may serve; bit n-1: signal n. */
uint64_t rendezvous_ignored(const struct proc_status *status);

/*
 * The thread sends it to itself. A traced thread stops even for a signal that it ignores; without a
 * tracer the kernel drops it. Returns the signal, or 0 if there is none: use PTRACE_SYSCALL.
 */
int rendezvous_choose(struct remote *remote, const struct frozen_thread *thread);

/*
 * Calls that change what may be chosen. To be told before they run (signals that they send) and
 * after it (handlers that they set).
 */
void rendezvous_note(struct remote *remote, const struct remote_call *calls, size_t count);

#endif
