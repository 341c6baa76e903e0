/* SPDX-License-Identifier: MIT */
/* One frame of pages and the seek table: the bytes, without any reading or writing. */
/* The state of a checksum in the making, to be held on the stack. */
#define XXH_STATIC_LINKING_ONLY
#include "format/pages.h"

#include "format/bytes.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pages_frame.h"

#include <string.h>
#include <xxhash.h>
#include <zstd.h>
#include <zstd_errors.h>

struct page_coder {
	int level;
	ZSTD_CCtx *compressor;
	ZSTD_CCtx *sampler;
	ZSTD_DCtx *decompressor; /* made when first needed, as the compressor is */
};

enum {
	RAW_BLOCK_MAX = 128 << 10, /* RFC 8878, 3.1.1.2.4 */
	RAW_HEADER = 9,
	RAW_BLOCK_HEADER = 3,
	CHECKSUM = 4,
	PAGE = 4096,
	SAMPLES = 8,
	SAMPLE_SIZE = 512,
	TWIN_SLOTS = 4 * PAGES_FRAME_SIZE / PAGE,
};

int page_coder_new(int level, struct page_coder **ret_coder, struct err *err)
{
	struct page_coder *coder;

	if (level < PAGES_LEVEL_NONE || level > PAGES_LEVEL_MAX)
		return err_set(err, ERR_USAGE, "compression level %d: expected 1..%d", level,
			       PAGES_LEVEL_MAX);
	coder = calloc(1, sizeof(*coder));
	if (!coder)
		return err_sys(err, "memory for compression");
	coder->level = level;
	*ret_coder = coder;
	return 0;
}

void page_coder_free(struct page_coder *coder)
{
	if (!coder)
		return;
	ZSTD_freeCCtx(coder->compressor);
	ZSTD_freeCCtx(coder->sampler);
	ZSTD_freeDCtx(coder->decompressor);
	free(coder);
}

static int need_compressor(struct page_coder *coder, struct err *err)
{
	if (coder->compressor)
		return 0;
	coder->compressor = ZSTD_createCCtx();
	if (!coder->compressor)
		return err_set(err, ERR_FAILED, "no memory for compression");
	ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_compressionLevel, coder->level);
	ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_checksumFlag, 1);
	return 0;
}

/* The byte at an offset into parts, all but the last of which are whole blocks. */
static const uint8_t *byte_at(const struct iovec *parts, size_t offset)
{
	return (const uint8_t *)parts[offset / RAW_BLOCK_MAX].iov_base + offset % RAW_BLOCK_MAX;
}

/* Of pages that are the same the sample does not know. By hashing: a comparison of each with each takes as long as the sample. */
static bool has_twins(const struct iovec *parts, size_t pages)
{
	uint64_t heads[TWIN_SLOTS];
	bool taken[TWIN_SLOTS] = { false };

	for (size_t i = 0; i < pages; i++) {
		uint64_t head;
		size_t slot;

		memcpy(&head, byte_at(parts, i * PAGE), sizeof(head));
		slot = head * UINT64_C(0x9e3779b97f4a7c15) >> 32;
		for (; taken[slot % TWIN_SLOTS]; slot++)
			if (heads[slot % TWIN_SLOTS] == head)
				return true;
		taken[slot % TWIN_SLOTS] = true;
		heads[slot % TWIN_SLOTS] = head;
	}
	return false;
}

bool page_frame_hopeless(struct page_coder *coder, const struct iovec *parts, size_t n_parts)
{
	uint8_t sample[SAMPLES * SAMPLE_SIZE], out[sizeof(sample)];
	size_t size = 0, stride, n;

	for (size_t i = 0; i < n_parts; i++)
		size += parts[i].iov_len;
	stride = size / SAMPLES / PAGE * PAGE;
	if (stride <= SAMPLES * SAMPLE_SIZE || has_twins(parts, size / PAGE))
		return false;
	/* Each at another place within its stride and its page, for both may begin alike. */
	for (size_t i = 0; i < SAMPLES; i++)
		memcpy(sample + i * SAMPLE_SIZE,
		       byte_at(parts, i * stride + i * (PAGE + SAMPLE_SIZE) % stride), SAMPLE_SIZE);
	if (!coder->sampler)
		coder->sampler = ZSTD_createCCtx();
	if (!coder->sampler)
		return false;
	n = ZSTD_compressCCtx(coder->sampler, out, sizeof(sample) / 100 * 97, sample,
			      sizeof(sample), PAGES_LEVEL_DEFAULT);
	return ZSTD_isError(n);
}

static size_t cut(uint8_t *at, size_t gap, size_t size, struct iovec *ret_parts)
{
	size_t n = 0;

	for (size_t done = 0, part; done < size; done += part) {
		part = size - done < RAW_BLOCK_MAX ? size - done : RAW_BLOCK_MAX;
		ret_parts[n++] = (struct iovec){ at + gap, part };
		at += gap + part;
	}
	return n;
}

size_t page_parts(void *pages, size_t size, struct iovec ret_parts[PAGES_BODY_PARTS])
{
	return cut(pages, 0, size, ret_parts);
}

/* Blocks that are raw: what the compressor would not improve is then as fast to read as memory. */
size_t page_frame_body(void *frame, size_t size, struct iovec ret_parts[PAGES_BODY_PARTS])
{
	return cut((uint8_t *)frame + RAW_HEADER, RAW_BLOCK_HEADER, size, ret_parts);
}

static void put_block_header(uint8_t *at, size_t size, bool last)
{
	uint32_t header = (uint32_t)size << 3 | last;

	at[0] = (uint8_t)header;
	at[1] = (uint8_t)(header >> 8);
	at[2] = (uint8_t)(header >> 16);
}

static uint32_t checksum(const struct iovec *parts, size_t n)
{
	XXH64_state_t state;

	XXH64_reset(&state, 0);
	for (size_t i = 0; i < n; i++)
		XXH64_update(&state, parts[i].iov_base, parts[i].iov_len);
	return (uint32_t)XXH64_digest(&state);
}

size_t page_frame_seal(void *frame, size_t size)
{
	struct iovec parts[PAGES_BODY_PARTS];
	size_t n = page_frame_body(frame, size, parts);
	uint8_t *at = frame;

	put_le32(at, ZSTD_MAGIC);
	at[4] = FRAME_CONTENT_SIZE_32 | FRAME_SINGLE_SEGMENT | FRAME_CHECKSUM;
	put_le32(at + 5, (uint32_t)size);
	for (size_t i = 0; i < n; i++) {
		at = (uint8_t *)parts[i].iov_base - RAW_BLOCK_HEADER;
		put_block_header(at, parts[i].iov_len, i + 1 == n);
	}
	at += RAW_BLOCK_HEADER + parts[n - 1].iov_len;
	put_le32(at, checksum(parts, n));
	return (size_t)(at + CHECKSUM - (uint8_t *)frame);
}

size_t page_frame_raw_size(size_t size)
{
	size_t blocks = (size + RAW_BLOCK_MAX - 1) / RAW_BLOCK_MAX;

	return RAW_HEADER + size + RAW_BLOCK_HEADER * blocks + CHECKSUM;
}

ssize_t page_frame_compress(struct page_coder *coder, const void *pages, size_t size,
			    void *ret_frame, struct err *err)
{
	size_t n;

	if (need_compressor(coder, err) < 0)
		return -1;
	/* Room for nine tenths: the compressor gives up as soon as it cannot gain the tenth. */
	n = ZSTD_compress2(coder->compressor, ret_frame, size / 10 * 9, pages, size);
	if (!ZSTD_isError(n))
		return (ssize_t)n;
	if (ZSTD_getErrorCode(n) != ZSTD_error_dstSize_tooSmall)
		return err_set(err, ERR_FAILED, "compressing: %s", ZSTD_getErrorName(n));
	return 0;
}

int page_frame_decode(struct page_coder *coder, const void *frame, size_t frame_size,
		      void *ret_pages, size_t size, struct err *err)
{
	size_t n;

	if (!coder->decompressor)
		coder->decompressor = ZSTD_createDCtx();
	if (!coder->decompressor)
		return err_set(err, ERR_FAILED, "no memory for decompression");
	if (frame_size < FRAME_HEADER_MIN || get_le32(frame) != ZSTD_MAGIC)
		return err_set(err, ERR_IMAGE, "not a zstd frame");
	if (!(((const uint8_t *)frame)[4] & FRAME_CHECKSUM))
		return err_set(err, ERR_IMAGE, NO_CHECKSUM);
	/* zstd takes several frames for one; then the first one's size is not the whole. */
	if (ZSTD_findFrameCompressedSize(frame, frame_size) != frame_size)
		return err_set(err, ERR_IMAGE, "a frame is damaged");
	n = ZSTD_decompressDCtx(coder->decompressor, ret_pages, size, frame, frame_size);
	if (ZSTD_isError(n))
		return err_set(err, ERR_IMAGE, "a frame is damaged: %s", ZSTD_getErrorName(n));
	if (n != size)
		return err_set(err, ERR_IMAGE, "a frame holds %zu bytes of pages, not %zu", n,
			       size);
	return 0;
}

size_t page_table_size(size_t n_frames)
{
	return SKIPPABLE_HEADER + n_frames * TABLE_ROW + TABLE_FOOTER;
}

void page_table_write(const struct page_frame *frames, size_t n_frames, uint8_t *ret_table)
{
	uint8_t *at = ret_table + SKIPPABLE_HEADER;

	put_le32(ret_table, TABLE_FRAME_MAGIC);
	put_le32(ret_table + 4, (uint32_t)(page_table_size(n_frames) - SKIPPABLE_HEADER));
	for (size_t i = 0; i < n_frames; i++, at += TABLE_ROW) {
		put_le32(at, frames[i].size);
		put_le32(at + 4, frames[i].page_size);
		put_le32(at + 8, frames[i].checksum);
	}
	put_le32(at, (uint32_t)n_frames);
	at[4] = TABLE_CHECKSUMS;
	put_le32(at + 5, TABLE_MAGIC);
}

void page_table_done(struct page_table *table)
{
	free(table->frames);
	*table = (struct page_table){ 0 };
}

/* Returns whether every frame is one that can be held in memory. */
static int parse_rows(const uint8_t *rows, uint64_t frames_size, struct page_table *table,
		      struct err *err)
{
	uint64_t offset = 0;
	int usable = 1;

	for (size_t i = 0; i < table->n_frames; i++, rows += TABLE_ROW) {
		struct page_frame *frame = &table->frames[i];

		frame->offset = offset;
		frame->page_offset = table->size;
		frame->size = get_le32(rows);
		frame->page_size = get_le32(rows + 4);
		frame->checksum = get_le32(rows + 8);
		offset += frame->size;
		table->size += frame->page_size;
		if (frame->size > 2 * PAGES_WINDOW_MAX || frame->page_size > PAGES_WINDOW_MAX)
			usable = 0;
	}
	if (offset != frames_size)
		return err_set(err, ERR_IMAGE,
			       "the seek table describes %llu bytes of frames, there are %llu",
			       (unsigned long long)offset, (unsigned long long)frames_size);
	return usable;
}

int page_table_parse(const uint8_t *bytes, size_t size, uint64_t frames_size,
		     struct page_table *ret_table, struct err *err)
{
	_cleanup_(page_table_done) struct page_table table = { 0 };
	const uint8_t *footer = bytes + size - TABLE_FOOTER;
	size_t row_size = footer[4] & TABLE_CHECKSUMS ? TABLE_ROW : TABLE_ROW_SHORT;
	int usable;

	table.n_frames = get_le32(footer);
	if (get_le32(bytes) != TABLE_FRAME_MAGIC ||
	    get_le32(bytes + 4) != size - SKIPPABLE_HEADER || footer[4] & TABLE_RESERVED ||
	    size != SKIPPABLE_HEADER + table.n_frames * row_size + TABLE_FOOTER)
		return err_set(err, ERR_IMAGE, "the seek table is damaged");
	if (row_size != TABLE_ROW)
		return 0;
	table.frames = calloc(table.n_frames + 1, sizeof(*table.frames));
	if (!table.frames)
		return err_sys(err, "memory for the seek table");
	usable = parse_rows(bytes + SKIPPABLE_HEADER, frames_size, &table, err);
	if (usable <= 0)
		return usable;
	*ret_table = table;
	table.frames = NULL;
	return 1;
}

static int check_row(const struct page_frame *row, const void *frame, struct err *err)
{
	if (row->size < FRAME_HEADER_MIN + CHECKSUM ||
	    get_le32((const uint8_t *)frame + row->size - CHECKSUM) != row->checksum)
		return err_set(err, ERR_IMAGE, "a frame is not the one in the seek table");
	return 0;
}

int page_table_decode(const struct page_frame *row, struct page_coder *coder, const void *frame,
		      void *ret_pages, struct err *err)
{
	if (check_row(row, frame, err) < 0)
		return -1;
	return page_frame_decode(coder, frame, row->size, ret_pages, row->page_size, err);
}

/* What encode_raw() made: returns how many blocks there are; 0 for any other frame. */
static int raw_blocks(const struct page_frame *row, const uint8_t *frame, struct page_piece *blocks)
{
	size_t at = RAW_HEADER, done = 0;
	int n = 0;

	if (row->size < RAW_HEADER + CHECKSUM || get_le32(frame) != ZSTD_MAGIC ||
	    frame[4] != (FRAME_CONTENT_SIZE_32 | FRAME_SINGLE_SEGMENT | FRAME_CHECKSUM) ||
	    get_le32(frame + 5) != row->page_size)
		return 0;
	while (done < row->page_size && n < PAGES_PIECES_MAX) {
		size_t left = row->size - CHECKSUM - at;
		uint32_t header;
		size_t size;

		if (left < RAW_BLOCK_HEADER)
			return 0;
		header = frame[at] | (uint32_t)frame[at + 1] << 8 | (uint32_t)frame[at + 2] << 16;
		size = header >> 3;
		/* Type 0 in the two middle bits; the lowest is set in the last block only. */
		if (header & 6 || !size || size > left - RAW_BLOCK_HEADER ||
		    size > row->page_size - done || (header & 1) != (size == row->page_size - done))
			return 0;
		blocks[n++] = (struct page_piece){ frame + at + RAW_BLOCK_HEADER, size };
		at += RAW_BLOCK_HEADER + size;
		done += size;
	}
	return done == row->page_size && at == row->size - CHECKSUM ? n : 0;
}

static uint32_t checksum_of(const struct page_piece *pieces, int n)
{
	XXH64_state_t *state = n > 1 ? XXH64_createState() : NULL;
	uint32_t checksum;

	if (n == 1)
		return (uint32_t)XXH64(pieces[0].bytes, pieces[0].size, 0);
	if (!state)
		return 0;
	XXH64_reset(state, 0);
	for (int i = 0; i < n; i++)
		XXH64_update(state, pieces[i].bytes, pieces[i].size);
	checksum = (uint32_t)XXH64_digest(state);
	XXH64_freeState(state);
	return checksum;
}

int page_table_pieces(const struct page_frame *row, struct page_coder *coder, const void *frame,
		      void *buffer, struct page_piece *ret_pieces, struct err *err)
{
	struct page_piece blocks[PAGES_PIECES_MAX];
	int n;

	if (check_row(row, frame, err) < 0)
		return -1;
	n = raw_blocks(row, frame, blocks);
	/* What looks raw and is not right is left to the decoder, which says so. */
	if (n && checksum_of(blocks, n) == row->checksum) {
		memcpy(ret_pieces, blocks, (size_t)n * sizeof(*blocks));
		return n;
	}
	if (page_frame_decode(coder, frame, row->size, buffer, row->page_size, err) < 0)
		return -1;
	ret_pieces[0] = (struct page_piece){ buffer, row->page_size };
	return 1;
}
