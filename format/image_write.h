/* SPDX-License-Identifier: MIT */
/* Writes an image: a tar in one forward pass, to a file or a pipe, that is an OCI archive too. */
#ifndef PIMAGE_IMAGE_WRITE_H
#define PIMAGE_IMAGE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;
struct err;
struct image_writer;
struct iovec;

/*
 * Begins an image at the descriptor's present position; the descriptor stays the caller's, who must
 * ignore SIGPIPE if it may be a pipe. mtime, seconds since 1970, goes into every tar header:
 * SOURCE_DATE_EPOCH or 0. Without digests the index has none and there is no OCI artifact.
 */
int image_writer_new(int fd, int64_t mtime, bool digests, struct image_writer **ret_writer,
		     struct err *err);

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

/* The same with the digest of the data, made by somebody else; not looked at if the image has none. */
bool image_writer_digests(const struct image_writer *writer);
int image_write_digested(struct image_writer *writer, const char *name, const void *data,
			 size_t size, const struct digest *digest, struct err *err);

/*
 * An entry of page data, in parts. Size 0: told at the end, which needs image_writer_patches: a
 * regular file whose header is written again then. The digest must be there if the image has any.
 */
bool image_writer_patches(const struct image_writer *writer);
int image_pages_begin(struct image_writer *writer, const char *name, uint64_t size,
		      struct err *err);
int image_pages_write(struct image_writer *writer, const struct iovec *parts, size_t n,
		      struct err *err);
int image_pages_end(struct image_writer *writer, const struct digest *digest, struct err *err);

/*
 * Where the data of an entry of page data begins, in bytes of the image, if the one before it, of the same folder, begins at `place` and has `size` bytes.
 * image_pages_ahead writes parts of it there before it is begun, from several threads at once, and while the writer is at other entries;
 * image_pages_skip: the next bytes of the entry that was begun stand there already. For a writer that foresees only.
 */
bool image_writer_foresees(const struct image_writer *writer);
uint64_t image_pages_behind(uint64_t place, uint64_t size);
int image_pages_ahead(struct image_writer *writer, uint64_t place, const struct iovec *parts,
		      size_t n, struct err *err);
int image_pages_skip(struct image_writer *writer, uint64_t size, struct err *err);

/*
 * Appends the tail: a hard link blobs/sha256/<digest> for every entry, the OCI manifest, oci-layout
 * and index.json; then hands everything to the kernel. Durability (fsync) is the caller's.
 */
int image_writer_close(struct image_writer *writer, struct err *err);

/* Bytes of the image so far. */
uint64_t image_writer_size(const struct image_writer *writer);

#endif
