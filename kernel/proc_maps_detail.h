/* SPDX-License-Identifier: MIT */
/* smaps walks all page tables (20 to 30 ms per GiB on slow machines), so what it tells is read before a process is stopped, and once more of its copy. */
#ifndef PIMAGE_PROC_MAPS_DETAIL_H
#define PIMAGE_PROC_MAPS_DETAIL_H

#include "kernel/proc_maps.h"

/*
 * Fills the smaps fields of a list from maps, read while the process stood still, as they were in one that was read before: of the same mapping, or
 * of one that has grown or shrunk since. False: there is a mapping of which nothing was known; the list is as before. Only a guess: the flags may have been changed meanwhile.
 */
bool maps_foresee(struct maps *maps, const struct maps *earlier);

/* Bytes of all mappings that are locked (VmLck of proc_pid_status(5)). */
uint64_t maps_locked(const struct maps *maps);

/*
 * Whether the guess was right, by what is read of a copy that was forked then, or of the process itself. Not told by a copy, since a fork takes them away (dup_mmap in kernel/fork.c,
 * 6.18): locks and userfaultfds. Mappings with MADV_DONTFORK are not in it. Those that only it has are the call loop's.
 */
int maps_check(const struct maps *maps, const struct maps *copy, struct err *err);

#endif
