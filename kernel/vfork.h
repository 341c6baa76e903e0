/* SPDX-License-Identifier: MIT */
/* Parents that wait in vfork(2), which nothing but a kill interrupts. */
#ifndef PIMAGE_VFORK_H
#define PIMAGE_VFORK_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct kernel_features;

/* Whether two processes have one address space, as between vfork(2) and execve(2). Without kcmp(2): no. */
bool vfork_shares(pid_t one, pid_t other, const struct kernel_features *features);

/*
 * After a process could not be stopped: if it waits for the child of a vfork, which until it executes a program or ends runs in the parent's
 * memory (kernel/fork.c: wait_for_vfork_done), the error is replaced by one that names it.
 */
void vfork_explain(pid_t pid, const struct kernel_features *features, struct err *err);

#endif
