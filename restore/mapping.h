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
 * Adds the calls that map a VMA, writable where pages have to be put in. VMAs of the kernel and of anonymous shared memory are not
 * made this way. `elsewhere` is where mapping_apart_size() bytes are free.
 */
int mapping_push(const struct restore *restore, const struct canvas *canvas,
		 const struct memory *memory, const struct vma *vma, uint64_t elsewhere,
		 struct remote_batch *batch, struct err *err);
/* The protection that it has until mapping_finish(). */
uint32_t mapping_filling_prot(const struct memory *memory, const struct vma *vma);

/* Whether it was not one with the VMA before it though nothing tells the two from each other. */
bool mapping_stands_apart(const struct memory *memory, const struct vma *vma);
uint64_t mapping_apart_size(const struct memory *memory);

/* mprotect(2), pkeys, madvise(2), mlock2(2), names, guard pages, mseal(2) of all VMAs: pushes the calls. */
void mapping_finish(struct canvas *canvas, const struct memory *memory, struct remote_batch *batch);

#endif
