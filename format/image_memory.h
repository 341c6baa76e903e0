/* SPDX-License-Identifier: MIT */
/* The memory of a dumped process, or the contents of a shm object, read by address from the image. */
#ifndef PIMAGE_IMAGE_MEMORY_H
#define PIMAGE_IMAGE_MEMORY_H

#include "format/image.h"

struct err;
struct image_memory;
struct image_reader;

enum extent_state {
	EXTENT_UNMAPPED, /* nothing is there */
	EXTENT_SAVED,	 /* the image holds it */
	EXTENT_ZERO,	 /* zeros: saved as such, or memory never touched */
	EXTENT_FILE,	 /* as in the mapped file, which is no part of the image */
	EXTENT_KERNEL,	 /* made by the kernel: [vvar] and the like */
	EXTENT_GUARD,	 /* access faults: MADV_GUARD_INSTALL */
};

/* Part of an address space in which everything is the same. vma is NULL for shm objects and where
 * nothing is mapped. */
struct extent {
	struct range range;
	enum extent_state state;
	const struct vma *vma;
	bool of_object; /* these are contents of the shm object that is mapped */
	bool inherited; /* saved, but as pages of an ancestor */
	bool same;	/* saved, but as pages of another process */
	bool before;	/* the image before this one has it saved, or leads to it */
};

/*
 * Opens the memory of a process (KIND_memory, by pid) or an object (KIND_shm). image must have
 * passed image_check() and, like the reader, outlive it. Nothing is read yet. Needs a reader that
 * can seek.
 */
int image_memory_open(struct image_reader *reader, const struct image *image, enum kind kind,
		      uint32_t id, struct image_memory **ret_memory, struct err *err);
void image_memory_free(struct image_memory *memory);

/* What is at an address, from there on. Shared memory counts as the object that is mapped. */
struct extent image_memory_extent(const struct image_memory *memory, uint64_t address);

/* "in the mapped file, not in the image" and the like: why an extent that cannot be read cannot. */
const char *extent_reason(enum extent_state state);

/*
 * Reads size bytes at an address. Fails with the first address that the image does not hold, and
 * where page data is damaged. One thread.
 */
int image_memory_read(struct image_memory *memory, uint64_t address, void *buffer, size_t size,
		      struct err *err);

#define _cleanup_image_memory_ __attribute__((cleanup(image_memory_cleanup)))
static inline void image_memory_cleanup(struct image_memory **memory)
{
	image_memory_free(*memory);
}

#endif
