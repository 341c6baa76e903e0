/* SPDX-License-Identifier: MIT */
/* What the files of the image writer share. No other file includes it. */
#ifndef PIMAGE_IMAGE_WRITER_H
#define PIMAGE_IMAGE_WRITER_H

#include "format/err.h"
#include "format/index.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive;
struct archive_entry;

enum { TAR_BLOCK = 512 };

struct image_writer {
	int fd;
	int64_t mtime;
	bool digests;
	struct archive *archive;
	struct archive_entry *header;
	uint8_t *buffer;
	size_t used;
	uint64_t position; /* bytes of the image so far */
	bool failed;
	bool discard;	   /* of what libarchive still makes */
	struct err err;	   /* of the write that failed */
	off_t start;	   /* where in the file; -1: nothing can be written anew in it */
	bool ustar;	   /* a header is one block */
	atomic_bool ahead; /* something was written beyond the position */
	uint8_t pages_header[TAR_BLOCK]; /* of the entry of pages under way */
	struct image_index index;
	void *names;	    /* tree of the names in the index */
	void *folders;	    /* tree of the directories that have an entry */
	const char *folder; /* of them, the one of the last entry that is in one; NULL */
};

/* The next bytes of the image. Fails with writer->err, for writer_failed. */
int writer_take(struct image_writer *writer, const void *data, size_t size);

/* Hands to the kernel what was gathered. Fails with writer->err. */
int writer_flush(struct image_writer *writer);

/* Takes over what failed: our own write, or libarchive. */
int writer_failed(struct image_writer *writer, const char *name, struct err *err);

/* An entry, with all that stands before it in the tar, and its row in the index, without digest. NULL: failed. */
struct index_entry *writer_put(struct image_writer *writer, const char *name, const void *data,
			       size_t size, struct err *err);

/* Nothing in an image without digests. */
int writer_set_digest(const struct image_writer *writer, struct index_entry *entry,
		      const struct digest *digest, struct err *err);

#endif
