/* SPDX-License-Identifier: MIT */
/* The entries of page data that belong to an image, as its records say. */
#ifndef PIMAGE_IMAGE_PAGES_H
#define PIMAGE_IMAGE_PAGES_H

#include "format/image.h"

struct err;

enum { PAGES_NAME = 64 };

/*
 * One entry of page data: the saved pages of one object in ascending order, from `first` on, `size`
 * bytes of them; PAGES_ENTRY_SIZE but in the last entry of an object.
 */
struct pages_entry {
	enum kind kind; /* KIND_memory: addresses of a process; KIND_shm: offsets in an object */
	uint32_t id;	/* the process or the object */
	uint64_t first;
	uint64_t size;
};

/* "processes/42/pages/7f0012340000"; ret_name has room for PAGES_NAME bytes. */
void pages_entry_name(const struct pages_entry *entry, char *ret_name);

/* Whether a name is one of those; then kind, id and first of it. */
bool pages_entry_parse(const char *name, struct pages_entry *ret_entry);

/*
 * Every entry that an image must hold, in the order in which it is written, parents before their children; malloc'd. The
 * image has passed image_check().
 */
int image_pages(const struct image *image, struct pages_entry **ret_entries, size_t *ret_n,
		struct err *err);

/* The same of one object. */
int image_pages_of(const struct image *image, enum kind kind, uint32_t id,
		   struct pages_entry **ret_entries, size_t *ret_n, struct err *err);

/*
 * Walks over the saved ranges of an object in ascending order: zero it, set image, kind and id;
 * returns false at the end. vma is the one that holds the range; NULL for an object.
 */
struct saved_walk {
	const struct image *image;
	enum kind kind;
	uint32_t id;
	size_t vma_index;
	size_t range_index;
	const struct vma *vma;
	struct range range;
};
bool saved_next(struct saved_walk *walk);

#endif
