/* SPDX-License-Identifier: MIT */
/* The images that an image of a history leads to, for the pages that it lacks. */
#ifndef PIMAGE_IMAGE_PREVIOUS_H
#define PIMAGE_IMAGE_PREVIOUS_H

#include "format/image.h"

struct err;
struct image_reader;

struct image_previous {
	int fd;
	struct image_reader *reader;
	struct image image; /* which may have a previous one itself */
};

/*
 * Opens the image that $.previous of pimage.json names, in the folder of `file`, and in turn those that it leads to, as
 * image->previous; nothing for an image that stands alone. Each must be the very one (by the SHA-256 of its index) and have
 * every page that is asked of it. They are released with the image. The image must have passed image_check.
 */
int image_previous_open(const char *file, struct image *image, struct err *err);

/* Changes the records to those of an image that has all the pages itself; image_memory_open is of no use with them. */
int image_stand_alone(struct image *image, struct err *err);

/* The same, also without pages that processes have in common: to compare records, which do not tell then where pages are. */
int image_own_pages(struct image *image, struct err *err);

/* For image_done. */
void image_previous_free(struct image_previous *previous);

#endif
