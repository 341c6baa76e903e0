/* SPDX-License-Identifier: MIT */
/* What the files of the image reader share. No other file includes it. */
#ifndef PIMAGE_IMAGE_READER_H
#define PIMAGE_IMAGE_READER_H

#include "format/digest.h"
#include "format/image_read.h"
#include "format/image_tar.h"
#include "format/index.h"

/* Where the bytes of an entry are. */
enum place {
	PLACE_MEMORY,
	PLACE_FILE,   /* at `position` of `fd`: the image or the spool */
	PLACE_STREAM, /* next in the tar */
	PLACE_GONE,   /* they have passed */
};

/*
 * An entry of the tar, of the tail too. The public part comes first, so that a pointer to it is
 * one to the whole.
 */
struct read_entry {
	struct image_entry public;
	char *name;
	struct read_entry
		*target; /* whose bytes these are: itself, or what a hard link or title leads to */
	bool titled;	 /* named by the OCI manifest */
	bool expected;	 /* the index lists it */
	uint64_t offset; /* of the data in the tar */
	int64_t mtime;
	enum place place;
	void *memory;
	int fd;
	uint64_t position;
	struct digest digest;
	bool has_digest;
};

struct image_reader {
	struct tar *tar;
	int fd;
	unsigned flags;
	bool seekable; /* data can be read at base + offset */
	uint64_t base;
	bool complete; /* the tar has been read to its end */
	bool spooling;
	int spool; /* -1 until needed */
	uint64_t spool_size;
	uint64_t in_memory; /* bytes */

	struct read_entry **entries; /* by place in the tar, the tail too */
	size_t n_entries;
	struct read_entry **named; /* those of them that callers may see */
	size_t n_named;
	void *tree; /* all by name */

	struct read_entry *stream; /* page data whose bytes come next in the tar */
	struct digest_state stream_digest;
	size_t next;		    /* in named: where image_reader_next goes on */
	struct read_entry *current; /* what image_reader_read reads */
	uint64_t current_at;

	struct image_index index;     /* once complete */
	struct oci_manifest manifest; /* when the index has no entries */
	struct image_report report;
};

struct read_entry *reader_find(const struct image_reader *reader, const char *name);

/*
 * Adds an entry that is its own target; its place is still to be set. Refuses a name that is
 * there already.
 */
struct read_entry *reader_add(struct image_reader *reader, const char *name, struct err *err);

/*
 * Makes the entry another name of target, whose contents are then held in memory if they are not
 * page data.
 */
int reader_link(struct image_reader *reader, struct read_entry *entry, struct read_entry *target,
		struct err *err);

/* The whole contents in memory; up to ENTRY_SMALL_MAX. */
int reader_hold(struct image_reader *reader, struct read_entry *entry, struct err *err);

/* Memory for the contents of an entry, within the limits. */
int reader_allocate(struct image_reader *reader, struct read_entry *entry, struct err *err);

/*
 * Goes on through the tar: returns 1 at page data that a stream must give to the caller, 0 at
 * the end.
 */
int reader_scan(struct image_reader *reader, struct err *err);

/* Passes over the page data that comes next, if any. */
int reader_pass(struct image_reader *reader, struct err *err);

/* Computes the digest of an entry in a file, unless it is known. */
int reader_digest(struct read_entry *entry, struct err *err);

/*
 * At the end of the tar: reads the index, and gives entries the names that only the OCI manifest
 * knows.
 */
int reader_resolve(struct image_reader *reader, struct err *err);

#endif
