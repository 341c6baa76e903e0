/* SPDX-License-Identifier: MIT */
/* The page tables of a large process, read by a thread of their own while the caller reads the list of its mappings: both take as long. */
#ifndef PIMAGE_DUMP_SCAN_AHEAD_H
#define PIMAGE_DUMP_SCAN_AHEAD_H

#include "kernel/memory.h"

struct err;
struct scan_ahead;

/*
 * Of a process that stands still; the memory must stay open as long. NULL: no thread could be made, which only takes longer. scan_ahead makes none and
 * has it when it returns.
 */
struct scan_ahead *scan_ahead_start(const struct process_memory *memory);
struct scan_ahead *scan_ahead(const struct process_memory *memory);

/* Waits; what pagetable_scan_all gives. Scans now if `scan` is NULL. Once only. */
int scan_ahead_take(struct scan_ahead *scan, const struct process_memory *memory,
		    struct memory_ranges *ret_own, struct memory_ranges *ret_guards,
		    struct err *err);

/* Waits too, if nobody has. Accepts NULL. */
void scan_ahead_free(struct scan_ahead *scan);

#endif
