/* SPDX-License-Identifier: MIT */
/* Which pages processes want first when they go on, as `prestore --record` notes it: a file beside images, not of one. */
#ifndef PIMAGE_WORKING_SET_H
#define PIMAGE_WORKING_SET_H

#include "format/record.h"

struct err;
struct image;

struct wanted_pages {
	uint32_t pid;
	struct range *ranges; /* in the order in which they are wanted */
	size_t n_ranges;
};

struct working_set {
	struct wanted_pages *processes;
	size_t n_processes;
};

extern const struct record working_set_record;

/* Refuses ranges that are no pages of any process, and pages that are listed twice. */
int working_set_check(const struct range *ranges, size_t n, uint64_t page_size, const char *what,
		      struct err *err);

/*
 * From a file. Nothing is known of the image yet. Release with record_release(&working_set_record).
 */
int working_set_read(const char *path, struct working_set *ret_set, struct err *err);

/*
 * Becomes that of the processes of an image, which has passed image_check(), in the place of what it says itself. Refuses one of other
 * processes.
 */
int working_set_give(const struct working_set *set, struct image *image, struct err *err);

/* Takes it away from an image. */
void working_set_forget(struct image *image);

/* Bytes of pages in it that the image has, or leads to. */
uint64_t working_set_size(const struct image *image);

#endif
