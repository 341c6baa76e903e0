/* SPDX-License-Identifier: MIT */
/* Whether system calls may be run in a thread without harm. */
#ifndef PIMAGE_LENDABLE_H
#define PIMAGE_LENDABLE_H

struct err;
struct frozen_thread;

/*
 * Refuses, with ERR_UNSUPPORTED: 32-bit threads; threads under seccomp, whose filter would judge our
 * calls and may kill the process; threads that have their system calls turned into signals
 * (PR_SET_SYSCALL_USER_DISPATCH). Asks only once per thread.
 */
int lendable_check(struct frozen_thread *thread, struct err *err);

#endif
