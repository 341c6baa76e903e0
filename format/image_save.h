/* SPDX-License-Identifier: MIT */
/* From the records in memory to the entries of an image. */
#ifndef PIMAGE_IMAGE_SAVE_H
#define PIMAGE_IMAGE_SAVE_H

#include "format/image.h"

struct err;
struct image_writer;

/*
 * Writes every record, in the order of the one list and of their keys, and after each the raw entry
 * that belongs to it. Page data and image_writer_close() are the caller's.
 */
int image_save(struct image_writer *writer, const struct image *image, struct err *err);

#endif
