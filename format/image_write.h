/* SPDX-License-Identifier: MIT */
/* Writes an image: a tar in one forward pass, to a file or a pipe, that is an OCI archive too. */
#ifndef PIMAGE_IMAGE_WRITE_H
#define PIMAGE_IMAGE_WRITE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct image_writer;

/*
 * Begins an image at the descriptor's present position; the descriptor stays the caller's, who must
 * ignore SIGPIPE if it may be a pipe. mtime, seconds since 1970, goes into every tar header:
 * SOURCE_DATE_EPOCH or 0.
 */
int image_writer_new(int fd, int64_t mtime, struct image_writer **ret_writer, struct err *err);

/*
 * Releases the writer. An image that was not closed has no index.json and is refused by every
 * reader.
 */
void image_writer_free(struct image_writer *writer);

/*
 * Appends an entry. The order is the caller's: pimage.json first, page data last. Failures name the
 * entry; after one nothing more can be written.
 */
int image_write_entry(struct image_writer *writer, const char *name, const void *data, size_t size,
		      struct err *err);

/*
 * Appends the tail: a hard link blobs/sha256/<digest> for every entry, the OCI manifest, oci-layout
 * and index.json; then hands everything to the kernel. Durability (fsync) is the caller's.
 */
int image_writer_close(struct image_writer *writer, struct err *err);

/* Bytes of the image so far. */
uint64_t image_writer_size(const struct image_writer *writer);

#endif
