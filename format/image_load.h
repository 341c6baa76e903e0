/* SPDX-License-Identifier: MIT */
/* From the entries of an image to its records in memory, and on to its page data. */
#ifndef PIMAGE_IMAGE_LOAD_H
#define PIMAGE_IMAGE_LOAD_H

#include "format/image.h"
#include "format/image_pages.h"

struct err;
struct image_entry;
struct image_report;
struct image_reader;

/*
 * Decodes every record, takes the raw entries in and calls image_check(). Refuses entries that are
 * none of an image by name, and where all entries are known also page data that is missing or
 * belongs to nothing. Page data stays where it is: in a stream in the canonical order it comes next
 * (image_pages_next); a stream in another order is spooled. Where all entries are known,
 * image_reader_finish() comes first; else whether the image is whole and undamaged is known after
 * image_finish(). On failure the image is empty.
 */
int image_load(struct image_reader *reader, struct image *ret_image, struct err *err);

/*
 * image_reader_finish(), and that nothing came behind the page data that image_load() would have
 * had to see. ret_report may be NULL.
 */
int image_finish(struct image_reader *reader, const struct image *image,
		 struct image_report *ret_report, struct err *err);

/* The page data of an image as it comes from the reader, in any order, each entry once. */
struct image_pages_walk {
	struct image_reader *reader;
	struct pages_entry *expected; /* sorted */
	bool *seen;
	size_t n_expected;
	size_t n_seen;
};

int image_pages_start(struct image_reader *reader, const struct image *image,
		      struct image_pages_walk *ret_walk, struct err *err);
void image_pages_done(struct image_pages_walk *walk);

/*
 * Goes to the next entry, which image_reader_stream() then reads. Returns 1; 0 when all have come;
 * <0 when one is missing, comes twice or belongs to nothing.
 */
int image_pages_next(struct image_pages_walk *walk, const struct image_entry **ret_entry,
		     struct pages_entry *ret_pages, struct err *err);

#define _cleanup_image_pages_ __attribute__((cleanup(image_pages_done)))

#endif
