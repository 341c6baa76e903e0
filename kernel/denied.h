/* SPDX-License-Identifier: MIT */
/* Why the kernel does not let us trace a process, in words, with the remedy. */
#ifndef PIMAGE_DENIED_H
#define PIMAGE_DENIED_H

#include <sys/types.h>

struct err;

/*
 * Called when ptrace or an access of the same kind failed with errno. Finds out the likely cause
 * from /proc: gone, zombie, kernel thread, another tracer, another user, not dumpable,
 * capabilities, Yama. Always returns -1.
 */
int explain_denied(pid_t pid, const char *what, struct err *err);

#endif
