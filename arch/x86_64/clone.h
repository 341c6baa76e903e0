/* SPDX-License-Identifier: MIT */
/* Processes that begin in a function: glibc's clone(2) cannot choose a number, and syscall(2) returns on the caller's stack. */
#ifndef PIMAGE_ARCH_X86_64_CLONE_H
#define PIMAGE_ARCH_X86_64_CLONE_H

#include <stddef.h>

struct clone_args;

/*
 * clone3(2); the new process calls the function, which must not return. Returns the process id or -errno (errno is not
 * set).
 */
long arch_clone(const struct clone_args *args, size_t size, void (*function)(const void *argument),
		const void *argument);

#endif
