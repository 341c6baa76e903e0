/* SPDX-License-Identifier: MIT */
/*
 * Page data: what an entry of pages holds. Independent zstd frames (RFC 8878) of 256 KiB of pages,
 * each with its content size and checksum, then a seek table in a skippable frame ("zstd seekable
 * format" 0.1.0, in zstd's contrib/seekable_format). Every zstd decodes it; a page costs one frame;
 * frames are made and read in parallel.
 */
#ifndef PIMAGE_PAGES_H
#define PIMAGE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct digest;
struct err;

enum {
	PAGES_FRAME_SIZE =
		256 << 10, /* bytes of pages in a frame; less in the last one of an entry */
	PAGES_FRAME_MAX = PAGES_FRAME_SIZE + 19, /* bytes of a frame: one that does not compress */
	PAGES_DATA_MAX = 64 << 20,  /* bytes of pages in an entry that is written here */
	PAGES_WINDOW_MAX = 8 << 20, /* of entries that somebody compressed anew: more is refused */
	PAGES_LEVEL_NONE = 0,
	PAGES_LEVEL_DEFAULT = 1,
	PAGES_LEVEL_MAX = 19, /* the highest whose window fits */
};

/* Bytes by position. read fills the whole buffer or fails; several threads may call it at once. */
struct page_source {
	int (*read)(void *context, uint64_t offset, void *buffer, size_t size, struct err *err);
	void *context;
};

/* Bytes in order. read returns how many, at most size; 0 at the end; <0 with err set. */
struct page_stream {
	ssize_t (*read)(void *context, void *buffer, size_t size, struct err *err);
	void *context;
};

/*
 * One frame. Pure functions over the bytes; the coder only holds zstd's working memory. One coder
 * per thread.
 *
 * page_frame_compress: size is at most PAGES_FRAME_SIZE, ret_frame has room for PAGES_FRAME_MAX.
 * Returns the frame's size; 0 where compression gains less than 10 %: then the pages stand in the
 * frame as they are. page_frame_hopeless tells that of most such pages by a sample, for a
 * twentieth of the time; what it calls hopeless is never compressed, so that the bytes do not
 * depend on who asked first. It takes the pages in the parts that page_frame_body has them
 * in; page_parts cuts contiguous ones like that.
 *
 * A frame of pages as they are: page_frame_body tells where in it they have to be put, in how many
 * parts; page_frame_seal completes it and returns its size, which page_frame_raw_size knows
 * beforehand.
 *
 * page_frame_decode: fails unless the bytes are exactly one frame with a right checksum and exactly
 * `size` bytes.
 */
enum { PAGES_BODY_PARTS = 2 };
struct page_coder;
int page_coder_new(int level, struct page_coder **ret_coder, struct err *err);
void page_coder_free(struct page_coder *coder);
size_t page_parts(void *pages, size_t size, struct iovec ret_parts[PAGES_BODY_PARTS]);
bool page_frame_hopeless(struct page_coder *coder, const struct iovec *parts, size_t n_parts);
ssize_t page_frame_compress(struct page_coder *coder, const void *pages, size_t size,
			    void *ret_frame, struct err *err);
size_t page_frame_body(void *frame, size_t size, struct iovec ret_parts[PAGES_BODY_PARTS]);
size_t page_frame_seal(void *frame, size_t size);
size_t page_frame_raw_size(size_t size);
int page_frame_decode(struct page_coder *coder, const void *frame, size_t frame_size,
		      void *ret_pages, size_t size, struct err *err);

/*
 * The seek table of an entry: where each frame lies, and which pages it holds. Frames are without
 * gaps, in order.
 */
struct page_frame {
	uint64_t offset;      /* of the frame, from the start of the entry */
	uint64_t page_offset; /* of its pages, from the start of the entry's page data */
	uint32_t size;
	uint32_t page_size;
	uint32_t checksum; /* low half of the XXH64 of the pages: the frame's last four bytes */
};

struct page_table {
	struct page_frame *frames;
	size_t n_frames;
	uint64_t size; /* bytes of pages in all frames */
};

/*
 * Returns 1; 0 when the entry has no table or one that is of no use here (without checksums, frames
 * of more than PAGES_WINDOW_MAX): then read in order; <0 when it is damaged.
 */
int page_table_read(const struct page_source *entry, uint64_t entry_size,
		    struct page_table *ret_table, struct err *err);
void page_table_done(struct page_table *table);

/* Checks a frame against its row of the table and decodes it; ret_pages has room for
 * row->page_size. */
int page_table_decode(const struct page_frame *row, struct page_coder *coder, const void *frame,
		      void *ret_pages, struct err *err);

/*
 * The same without copying where the frame holds its pages as they are: the pages are the pieces together, which lie in the
 * frame or in `buffer` (row->page_size bytes). Returns how many pieces.
 */
struct page_piece {
	const uint8_t *bytes;
	size_t size;
};
enum { PAGES_PIECES_MAX = 4 };
int page_table_pieces(const struct page_frame *row, struct page_coder *coder, const void *frame,
		      void *buffer, struct page_piece *ret_pieces, struct err *err);

/* Bytes of a table with so many frames. page_table_write takes size, page_size and checksum of
 * each. */
size_t page_table_size(size_t n_frames);
void page_table_write(const struct page_frame *frames, size_t n_frames, uint8_t *ret_table);

/* A finished entry. */
struct page_entry {
	const char *name;
	uint64_t page_size;	     /* bytes of pages in it */
	uint64_t size;		     /* bytes of the entry */
	const struct digest *digest; /* of these bytes; NULL if none was asked for */
};

/*
 * Where entries go, one after the other. begin, write and end are called by any thread of the writer, one at a time, until
 * page_writer_drain has returned; `wrote` (may be NULL), with the bytes of pages of an entry that ended, only by the one that calls the writer. `begin` is
 * told the size; with any_size it may be 0: not known before the end. Their errors name the entry; those of ahead->write need not.
 *
 * With any_size there may be `ahead`: write, called by several threads at once, puts at a place what an entry that begins later will have there.
 * `place` tells where that one began that was begun last; `behind`, where the next one will if it is in the same folder, and the one at `place` gets
 * so many bytes. `skip`, first after `begin`: so many bytes of the entry stand there already. What was written at other places is as good as not written.
 */
struct page_ahead {
	int (*write)(void *context, uint64_t place, const struct iovec *parts, size_t n,
		     struct err *err);
	uint64_t (*place)(void *context);
	uint64_t (*behind)(uint64_t place, uint64_t size);
	int (*skip)(void *context, uint64_t size, struct err *err);
};

struct page_sink {
	bool any_size;
	int (*begin)(void *context, const char *name, uint64_t size, struct err *err);
	int (*write)(void *context, const struct iovec *parts, size_t n, struct err *err);
	int (*end)(void *context, const struct page_entry *entry, struct err *err);
	void (*wrote)(void *context, uint64_t page_size);
	void *context;
	const struct page_ahead *ahead; /* NULL: in order only */
};

/*
 * Makes entries, with `threads` threads (this one included; started when first needed), which read,
 * compress, digest and write at the same time, each at an entry of its own where the sink takes parts ahead and their places can be foreseen. The bytes do not depend
 * on their number. In each thread it holds a frame and what zstd needs; and frames that are made
 * and not written yet: 4 for each thread; with digests and from 3 threads on two entries of PAGES_DATA_MAX, so that several are digested at the same time; if they
 * are compressed and the sink must know the size before, PAGES_ENTRIES_MAX whole entries (one if
 * there is but one thread).
 *
 * page_writer_add queues an entry of size 1..PAGES_DATA_MAX, and waits while there are as many as
 * there may be. `name` is copied. `release` (may be NULL) is called with the source's context once
 * nothing is read from it any more, also on failure, by this thread. page_writer_drain waits until
 * all have been written. Both return the failure of an earlier entry too, with its name; after
 * one nothing more is made.
 */
enum { PAGES_ENTRIES_MAX = 3 };
struct page_writer;
struct page_writer_options {
	unsigned threads;
	int level;
	bool digests;
};
int page_writer_new(const struct page_writer_options *options, const struct page_sink *sink,
		    struct page_writer **ret_writer, struct err *err);
void page_writer_free(struct page_writer *writer);
int page_writer_add(struct page_writer *writer, const char *name, const struct page_source *pages,
		    uint64_t size, void (*release)(void *context), struct err *err);
int page_writer_drain(struct page_writer *writer, struct err *err);

/*
 * Reads the pages of an entry in order, from a pipe too, whatever its frames look like. Every frame
 * must have a checksum; a seek table must say what was decoded. Reusable: start begins with another
 * entry.
 *
 * page_reader_read returns less than size only at the end of the pages. page_reader_end, after the
 * last page that is wanted: fails when more pages follow, or when what is left of the entry is
 * damaged. Pages are only to be trusted once it has succeeded.
 */
struct page_reader;
int page_reader_new(struct page_reader **ret_reader, struct err *err);
void page_reader_free(struct page_reader *reader);
void page_reader_start(struct page_reader *reader, const struct page_stream *entry);
ssize_t page_reader_read(struct page_reader *reader, void *buffer, size_t size, struct err *err);
int page_reader_end(struct page_reader *reader, struct err *err);

/*
 * Reads pages at any place, by the seek table, one frame at a time (the last one is kept); without
 * a table it decodes from the start. One thread.
 */
struct page_file;
int page_file_open(const struct page_source *entry, uint64_t entry_size,
		   struct page_file **ret_file, struct err *err);
void page_file_free(struct page_file *file);
int page_file_read(struct page_file *file, uint64_t offset, void *buffer, size_t size,
		   struct err *err);

#endif
