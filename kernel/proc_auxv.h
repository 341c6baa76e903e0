/* SPDX-License-Identifier: MIT */
/* The auxiliary vector of a process, from the bytes of /proc/PID/auxv. */
#ifndef PIMAGE_PROC_AUXV_H
#define PIMAGE_PROC_AUXV_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct auxv_entry {
	uint64_t type; /* AT_ numbers; names: format/names.h auxv_names */
	uint64_t value;
};

struct proc_auxv {
	struct auxv_entry *list; /* malloc'd; in the kernel's order, without the final AT_NULL */
	size_t count;
};

/*
 * For 64-bit processes of this host's byte order. The bytes need not be aligned. An empty blob
 * gives an empty list (no address space); one that does not end in AT_NULL is refused.
 */
int proc_auxv_parse(const void *blob, size_t size, struct proc_auxv *ret_auxv, struct err *err);

/* The value of the first entry of this type, or `otherwise`. */
uint64_t proc_auxv_get(const struct proc_auxv *auxv, uint64_t type, uint64_t otherwise);

/* Accepts a zeroed struct; leaves a zeroed one. */
void proc_auxv_release(struct proc_auxv *auxv);

#endif
