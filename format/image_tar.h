/* SPDX-License-Identifier: MIT */
/*
 * Reads a tar of any dialect, plain or compressed as a whole, header by header: the hostile
 * input's first gate.
 */
#ifndef PIMAGE_IMAGE_TAR_H
#define PIMAGE_IMAGE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct tar;

/*
 * Names are checked (format/entry.h), without "./" before them. They are valid until the next
 * header.
 */
struct tar_header {
	const char *name;
	const char *link; /* a hard link to the entry of this name; NULL: a file */
	uint64_t size;
	int64_t mtime;
	uint64_t offset; /* of the data in the tar */
	bool sparse;	 /* the data is not in one piece there */
};

/* Begins at the descriptor's present position. The descriptor stays the caller's. */
int tar_open(int fd, struct tar **ret_tar, struct err *err);
void tar_close(struct tar *tar);

/* Whether it is an uncompressed regular file, whose data can be read at base + offset. */
bool tar_seekable(const struct tar *tar, uint64_t *ret_base);

/*
 * The next file or hard link; what is unread of the one before is passed over. Returns 1, or 0 at
 * the end. Refuses every other kind but directories, which are left out, and data that the file is
 * too short for.
 */
int tar_next(struct tar *tar, struct tar_header *ret_header, struct err *err);

/* Data of the present entry, less than size only at its end. */
ssize_t tar_read(struct tar *tar, void *buffer, size_t size, struct err *err);

#endif
