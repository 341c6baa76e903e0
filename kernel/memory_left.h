/* SPDX-License-Identifier: MIT */
/* How much memory a process may still take before something is killed for it. */
#ifndef PIMAGE_MEMORY_LEFT_H
#define PIMAGE_MEMORY_LEFT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Bytes: what the host has available (proc_meminfo(5), MemAvailable), or less by the limits of its cgroups (version 2). */
int memory_left(pid_t pid, uint64_t *ret_bytes, struct err *err);

/*
 * Bytes of private memory in use now (proc_pid_status(5), RssAnon), and of shared memory that it has in its page tables
 * (RssShmem): tmpfs, memfd, shared anonymous memory.
 */
int memory_in_use_parse(const char *status, size_t size, uint64_t *ret_private,
			uint64_t *ret_shared, struct err *err);

/* The value of a line "key:   123 kB", in bytes. */
int memory_line_parse(const char *text, size_t size, const char *key, uint64_t *ret_bytes,
		      struct err *err);

/* The path after "0::" of /proc/PID/cgroup; malloc'd; NULL when there is none. */
char *cgroup_path_parse(const char *text, size_t size);

#endif
