/* SPDX-License-Identifier: MIT */
/*
 * Reads an image as it was written, repacked by any tar, compressed as a whole, or pulled from a
 * registry; from a file or a pipe.
 */
#ifndef PIMAGE_IMAGE_READ_H
#define PIMAGE_IMAGE_READ_H

#include "format/pages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct image_reader;

/*
 * An entry by its real name. Everything but page data is held in memory, and so may be page data
 * that came under another name. Belongs to the reader.
 */
struct image_entry {
	const char *name;
	uint64_t size;
	bool pages;	  /* page data */
	const void *data; /* `size` bytes and a NUL; NULL when it is not in memory */
};

/*
 * What became of the image since it was written. Lists are sorted by name; all belongs to the
 * reader.
 */
struct image_report {
	bool original; /* every entry is where and what the index says */
	bool digests;  /* there is a SHA-256 of each */
	const char **edited;
	size_t n_edited;
	const char **added; /* not in the index */
	size_t n_added;
};

enum {
	/* image_reader_finish compares the SHA-256 of page data in files too. */
	IMAGE_READ_VERIFY = 1 << 0,
};

/*
 * Begins at the descriptor's present position; the descriptor stays the caller's and must stay
 * open.
 *
 * Of an uncompressed file all headers are read at once: every entry is known, the index is known to
 * be there, pages can be read in any order. Of anything else (a pipe, a compressed file) it reads
 * up to the first page data, which in an image as it was written follows everything else; then
 * image_reader_next goes on from there. Where an image was repacked in another order and something
 * is still missing then, image_reader_spool makes it all available.
 *
 * Fails with ERR_IMAGE naming the entry for whatever is damaged, cut off, too large, or named so as
 * to do harm.
 */
int image_reader_new(int fd, unsigned flags, struct image_reader **ret_reader, struct err *err);
void image_reader_free(struct image_reader *reader);

/* Whether every entry is known. */
bool image_reader_complete(const struct image_reader *reader);

/*
 * Reads the rest of a stream, with its page data into an unlinked temporary file ($TMPDIR or /tmp);
 * afterwards it is as if the image had been a file. Does nothing for one that is complete.
 */
int image_reader_spool(struct image_reader *reader, struct err *err);

/*
 * The entry of that name among those known so far, or NULL; the i-th of them, NULL at the end;
 * none of the tail.
 */
const struct image_entry *image_reader_find(const struct image_reader *reader, const char *name);
const struct image_entry *image_reader_entry(const struct image_reader *reader, size_t i);

/*
 * index.json, where it lists the entries and is known (image_reader_complete()); NULL in an image
 * out of a registry. Who unpacks an image needs it, for without it an image is incomplete.
 */
const struct image_entry *image_reader_index(const struct image_reader *reader);

/*
 * Page data in the order of the tar. image_reader_next goes to the next such entry; returns 1, or 0
 * when there are no more. image_reader_read gives its bytes, less than size only at its end. What
 * is left unread is passed over.
 */
int image_reader_next(struct image_reader *reader, const struct image_entry **ret_entry,
		      struct err *err);
ssize_t image_reader_read(struct image_reader *reader, void *buffer, size_t size, struct err *err);

/* The same as a stream for struct page_reader. */
struct page_stream image_reader_stream(struct image_reader *reader);

/*
 * Bytes of any entry at any place, from several threads at once if need be. Fails for page data
 * that a stream has passed or not reached.
 */
int image_entry_read(const struct image_entry *entry, uint64_t offset, void *buffer, size_t size,
		     struct err *err);

/* The same as a source for struct page_file and page_table_read. */
struct page_source image_entry_source(const struct image_entry *entry);

/* Where the data lies, for mmap(2); the descriptor is the reader's. <0 when it is in no file. */
int image_entry_place(const struct image_entry *entry, int *ret_fd, uint64_t *ret_offset);

/*
 * Reads the rest and says whether the image is whole: index.json is there and every entry that it
 * lists. An entry whose bytes differ from the index is refused as damaged if its place and time are
 * still those in the index; else somebody edited it, and it is reported. Page data in files is
 * compared only with IMAGE_READ_VERIFY (its frames have checksums of their own); page data that
 * passed through a stream always. May be called again. ret_report may be NULL.
 */
int image_reader_finish(struct image_reader *reader, struct image_report *ret_report,
			struct err *err);

#endif
