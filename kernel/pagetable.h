/* SPDX-License-Identifier: MIT */
/* What the page tables of a process say: which pages are its own. */
#ifndef PIMAGE_PAGETABLE_H
#define PIMAGE_PAGETABLE_H

#include <stdint.h>

#include "kernel/memory.h"

struct err;

enum pagetable_kind {
	/*
	 * Pages that neither the file nor the zero page can give back: present or swapped, of
	 * anonymous memory (also copied-on-write pages of private file mappings), not the shared
	 * zero page. Pages of shared mappings never are among them. Judge mappings without ordinary
	 * pages (vvar, vsyscall, devices) by their kind, not by this.
	 */
	PAGETABLE_OWN,
	/*
	 * Guard pages (MADV_GUARD_INSTALL, since 6.13): accessing them raises SIGSEGV. Known since
	 * 6.15; in 6.13 and 6.14 they look like swapped pages of their own that cannot be read.
	 */
	PAGETABLE_GUARD,
	/* Those of PAGETABLE_OWN that are not write-protected by a userfaultfd. Only by PAGEMAP_SCAN. */
	PAGETABLE_WRITTEN,
};

/*
 * Adds to ret_ranges the pages of that kind within [start, end), merged and ascending. A whole
 * address space may be asked for at once (0 to UINT64_MAX): unmapped parts cost nothing with
 * PAGEMAP_SCAN. Without it the mappings are taken from /proc/PID/maps and the pagemap file is read
 * for each. Returns 0 or <0.
 */
int pagetable_scan(const struct process_memory *memory, uint64_t start, uint64_t end,
		   enum pagetable_kind kind, struct memory_ranges *ret_ranges, struct err *err);

/* PAGETABLE_OWN and PAGETABLE_GUARD of the whole address space in one walk, which is what takes the time. */
int pagetable_scan_all(const struct process_memory *memory, struct memory_ranges *ret_own,
		       struct memory_ranges *ret_guards, struct err *err);

#endif
