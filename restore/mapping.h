/* SPDX-License-Identifier: MIT */
/* One VMA: the call that maps it, and those that give it what mmap(2) cannot. */
#ifndef PIMAGE_MAPPING_H
#define PIMAGE_MAPPING_H

#include "format/memory.h"
#include "restore/canvas.h"
#include "restore/restore.h"

/* Whether a file is mapped shared somewhere in a way that may be written. */
bool mapping_wants_writable(const struct memory *memory, uint32_t file);

/* Opens the file behind a VMA, once per file and way of opening. */
int mapping_make(struct restore *restore, uint32_t own_pid, const struct memory *memory,
		 const struct vma *vma, struct err *err);

/*
 * The mmap(2) of a VMA, writable where pages have to be put in. Returns 1; 0 for VMAs that are not made this way (those
 * of the kernel, anonymous shared memory).
 */
int mapping_call(const struct restore *restore, const struct canvas *canvas,
		 const struct memory *memory, const struct vma *vma, struct remote_call *ret_call,
		 struct err *err);

/* The protection that a VMA has while it is filled. */
uint32_t mapping_filling_prot(const struct vma *vma);

/* mprotect(2), pkeys, madvise(2), mlock2(2), names, guard pages, mseal(2) of all VMAs. */
int mapping_finish(struct canvas *canvas, const struct memory *memory, struct err *err);

#endif
