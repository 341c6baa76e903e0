/* SPDX-License-Identifier: MIT */
/* Reads entries of page data: in order from any stream, or at any place by the seek table. */
#include "format/bytes.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pages_frame.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	/* A whole frame of ours fits, so that zstd decodes it in one go, without a copy. */
	INPUT_SIZE = 2 * PAGES_FRAME_MAX,
	INPUT_SMALL = 64 << 10, /* until an entry has more */
	WINDOW_LOG_MAX = 23,
	TABLE_ROWS_MAX = 1 << 20,
};

_Static_assert(1 << WINDOW_LOG_MAX == PAGES_WINDOW_MAX, "the same limit");

struct page_reader {
	struct page_stream entry;
	ZSTD_DCtx *zstd;
	uint8_t *input;
	size_t room;
	size_t start; /* input holds [start, end) */
	size_t end;
	bool at_end; /* of the stream: nothing comes after the input */

	bool in_frame;
	uint64_t frame_size; /* of the frame so far */
	uint64_t page_size;
	uint8_t tail[4]; /* the last bytes of it */

	/* What the seek table must say: its rows so far. A hash, because a stranger's frames may be
	 * tiny and many. */
	uint32_t n_frames;
	XXH64_state_t *rows;
};

int page_reader_new(struct page_reader **ret_reader, struct err *err)
{
	struct page_reader *reader = calloc(1, sizeof(*reader));

	if (reader) {
		reader->zstd = ZSTD_createDCtx();
		reader->input = malloc(INPUT_SMALL);
		reader->room = INPUT_SMALL;
		reader->rows = XXH64_createState();
	}
	if (!reader || !reader->zstd || !reader->input || !reader->rows) {
		page_reader_free(reader);
		return err_set(err, ERR_FAILED, "no memory for reading pages");
	}
	ZSTD_DCtx_setParameter(reader->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	*ret_reader = reader;
	return 0;
}

void page_reader_free(struct page_reader *reader)
{
	if (!reader)
		return;
	ZSTD_freeDCtx(reader->zstd);
	free(reader->input);
	XXH64_freeState(reader->rows);
	free(reader);
}

void page_reader_start(struct page_reader *reader, const struct page_stream *entry)
{
	reader->entry = *entry;
	reader->start = 0;
	reader->end = 0;
	reader->at_end = false;
	reader->in_frame = false;
	reader->n_frames = 0;
	XXH64_reset(reader->rows, 0);
	ZSTD_DCtx_reset(reader->zstd, ZSTD_reset_session_only);
}

static int grow_input(struct page_reader *reader, struct err *err)
{
	uint8_t *input = realloc(reader->input, INPUT_SIZE);

	if (!input)
		return err_sys(err, "memory for reading pages");
	reader->input = input;
	reader->room = INPUT_SIZE;
	return 0;
}

/* Has at least `wanted` bytes of input, or all that there are. */
static int need_input(struct page_reader *reader, size_t wanted, struct err *err)
{
	if (reader->end - reader->start >= wanted || reader->at_end)
		return 0;
	memmove(reader->input, reader->input + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	while (reader->end < wanted) {
		ssize_t n;

		if (reader->end == reader->room && grow_input(reader, err) < 0)
			return -1;
		n = reader->entry.read(reader->entry.context, reader->input + reader->end,
				       reader->room - reader->end, err);
		if (n < 0)
			return -1;
		if (n == 0) {
			reader->at_end = true;
			break;
		}
		reader->end += (size_t)n;
	}
	return 0;
}

/* Takes exactly `size` bytes of input. */
static int take_input(struct page_reader *reader, void *ret_bytes, size_t size, struct err *err)
{
	if (need_input(reader, size, err) < 0)
		return -1;
	if (reader->end - reader->start < size)
		return err_set(err, ERR_IMAGE, "the page data is cut off");
	memcpy(ret_bytes, reader->input + reader->start, size);
	reader->start += size;
	return 0;
}

/* Passes over `size` bytes, and adds them to the hash if there is one. */
static int pass_input(struct page_reader *reader, uint64_t size, XXH64_state_t *hash,
		      struct err *err)
{
	while (size) {
		size_t n;

		if (need_input(reader, 1, err) < 0)
			return -1;
		n = reader->end - reader->start;
		if (n == 0)
			return err_set(err, ERR_IMAGE, "the page data is cut off");
		if (n > size)
			n = size;
		if (hash)
			XXH64_update(hash, reader->input + reader->start, n);
		reader->start += n;
		size -= n;
	}
	return 0;
}

static int compare_table(struct page_reader *reader, uint32_t size, XXH64_state_t *hash,
			 struct err *err)
{
	uint64_t rows_size = size - TABLE_FOOTER;
	uint8_t footer[TABLE_FOOTER];
	size_t row_size;

	XXH64_reset(hash, 0);
	if (pass_input(reader, rows_size, hash, err) < 0 ||
	    take_input(reader, footer, sizeof(footer), err) < 0 || need_input(reader, 1, err) < 0)
		return -1;
	row_size = footer[4] & TABLE_CHECKSUMS ? TABLE_ROW : TABLE_ROW_SHORT;
	if (get_le32(footer + 5) != TABLE_MAGIC || footer[4] & TABLE_RESERVED ||
	    rows_size != (uint64_t)get_le32(footer) * row_size)
		return err_set(err, ERR_IMAGE, "the seek table is damaged");
	if (reader->end != reader->start)
		return err_set(err, ERR_IMAGE, "data follows the seek table");
	if (row_size == TABLE_ROW && (get_le32(footer) != reader->n_frames ||
				      XXH64_digest(hash) != XXH64_digest(reader->rows)))
		return err_set(err, ERR_IMAGE, "the seek table is not that of the frames");
	return 0;
}

/* The seek table, which must come last, or somebody's own skippable frame. */
static int read_skippable(struct page_reader *reader, struct err *err)
{
	uint8_t header[SKIPPABLE_HEADER];
	XXH64_state_t *hash;
	int r;

	if (take_input(reader, header, sizeof(header), err) < 0)
		return -1;
	if (get_le32(header) != TABLE_FRAME_MAGIC)
		return pass_input(reader, get_le32(header + 4), NULL, err);
	if (get_le32(header + 4) < TABLE_FOOTER)
		return err_set(err, ERR_IMAGE, "the seek table is damaged");
	hash = XXH64_createState();
	if (!hash)
		return err_sys(err, "memory for the seek table");
	r = compare_table(reader, get_le32(header + 4), hash, err);
	XXH64_freeState(hash);
	return r;
}

/* Begins the next frame with pages. Returns 1, or 0 at the end of the entry. */
static int next_frame(struct page_reader *reader, struct err *err)
{
	const uint8_t *at;
	size_t n;

	for (;;) {
		if (need_input(reader, PAGES_FRAME_MAX, err) < 0)
			return -1;
		at = reader->input + reader->start;
		n = reader->end - reader->start;
		if (n == 0)
			return 0;
		if (n < FRAME_HEADER_MIN)
			return err_set(err, ERR_IMAGE, "the page data is cut off");
		if ((get_le32(at) & SKIPPABLE_MAGIC_MASK) != SKIPPABLE_MAGIC)
			break;
		if (read_skippable(reader, err) < 0)
			return -1;
	}
	if (get_le32(at) != ZSTD_MAGIC)
		return err_set(err, ERR_IMAGE, "the page data is not made of zstd frames");
	if (!(at[4] & FRAME_CHECKSUM))
		return err_set(err, ERR_IMAGE, NO_CHECKSUM);
	reader->in_frame = true;
	reader->frame_size = 0;
	reader->page_size = 0;
	return 1;
}

static int zstd_failed(size_t code, struct err *err)
{
	if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
		return err_set(err, ERR_IMAGE,
			       "a frame needs more than %d MiB of memory; compress it anew with "
			       "zstd -%d or lower, without --long",
			       PAGES_WINDOW_MAX >> 20, PAGES_LEVEL_MAX);
	return err_set(err, ERR_IMAGE, "a frame is damaged: %s", ZSTD_getErrorName(code));
}

/* Remembers the last four bytes of the frame, which are its checksum when it ends. */
static void keep_tail(struct page_reader *reader, const uint8_t *bytes, size_t n)
{
	size_t keep = sizeof(reader->tail);

	if (n > keep) {
		bytes += n - keep;
		n = keep;
	}
	memmove(reader->tail, reader->tail + n, keep - n);
	memcpy(reader->tail + keep - n, bytes, n);
}

static void end_frame(struct page_reader *reader)
{
	uint8_t row[TABLE_ROW];

	put_le32(row, (uint32_t)reader->frame_size);
	put_le32(row + 4, (uint32_t)reader->page_size);
	memcpy(row + 8, reader->tail, sizeof(reader->tail));
	XXH64_update(reader->rows, row, sizeof(row));
	reader->n_frames++;
	reader->in_frame = false;
}

/* Decodes into the buffer until it is full or the frame ends. */
static int decode(struct page_reader *reader, ZSTD_outBuffer *out, struct err *err)
{
	do {
		ZSTD_inBuffer in = { 0 };
		size_t before = out->pos;
		size_t left;

		if (need_input(reader, 1, err) < 0)
			return -1;
		in.src = reader->input + reader->start;
		in.size = reader->end - reader->start;
		left = ZSTD_decompressStream(reader->zstd, out, &in);
		if (ZSTD_isError(left))
			return zstd_failed(left, err);
		keep_tail(reader, in.src, in.pos);
		reader->start += in.pos;
		reader->frame_size += in.pos;
		reader->page_size += out->pos - before;
		if (left == 0) {
			end_frame(reader);
			return 0;
		}
		if (in.pos == 0 && out->pos == before) {
			if (out->pos == out->size)
				return 0;
			return err_set(err, ERR_IMAGE, "the page data is cut off");
		}
	} while (out->pos < out->size);
	return 0;
}

ssize_t page_reader_read(struct page_reader *reader, void *buffer, size_t size, struct err *err)
{
	ZSTD_outBuffer out = { buffer, size, 0 };

	while (out.pos < out.size) {
		if (!reader->in_frame) {
			int r = next_frame(reader, err);

			if (r < 0)
				return -1;
			if (r == 0)
				break;
		}
		if (decode(reader, &out, err) < 0)
			return -1;
	}
	return (ssize_t)out.pos;
}

int page_reader_end(struct page_reader *reader, struct err *err)
{
	uint8_t more;
	ssize_t n = page_reader_read(reader, &more, 1, err);

	if (n < 0)
		return -1;
	if (n > 0)
		return err_set(err, ERR_IMAGE, "there are more pages in it than expected");
	return 0;
}

int page_table_read(const struct page_source *entry, uint64_t entry_size,
		    struct page_table *ret_table, struct err *err)
{
	_cleanup_free_ uint8_t *table = NULL;
	uint8_t footer[TABLE_FOOTER];
	uint64_t size;

	if (entry_size < SKIPPABLE_HEADER + TABLE_FOOTER)
		return 0;
	if (entry->read(entry->context, entry_size - TABLE_FOOTER, footer, TABLE_FOOTER, err) < 0)
		return -1;
	if (get_le32(footer + 5) != TABLE_MAGIC)
		return 0;
	size = (uint64_t)get_le32(footer) * (footer[4] & TABLE_CHECKSUMS ? TABLE_ROW : 8) +
	       SKIPPABLE_HEADER + TABLE_FOOTER;
	if (size > entry_size)
		return err_set(err, ERR_IMAGE, "the seek table is damaged");
	if (get_le32(footer) > TABLE_ROWS_MAX)
		return 0;
	table = malloc(size);
	if (!table)
		return err_sys(err, "%llu bytes of memory for the seek table",
			       (unsigned long long)size);
	if (entry->read(entry->context, entry_size - size, table, size, err) < 0)
		return -1;
	return page_table_parse(table, size, entry_size - size, ret_table, err);
}
