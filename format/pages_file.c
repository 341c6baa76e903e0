/* SPDX-License-Identifier: MIT */
/* Pages at any place of an entry: one frame by the seek table, or all that comes before where there
 * is none. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pages.h"
#include "format/search.h"

#include <stdbool.h>
#include <string.h>

enum {
	SKIP_SIZE = 64 << 10,
};

struct page_file {
	struct page_source entry;
	uint64_t entry_size;

	/* With a table: the frame that was decoded last. */
	struct page_table table;
	struct page_coder *coder;
	size_t index; /* n_frames when there is none */
	uint8_t *frame;
	uint8_t *pages;

	/* Without. */
	struct page_reader *reader;
	uint64_t stream_offset; /* in the entry */
	uint64_t page_offset;
};

/* The entry as a stream, for the reader in order. */
static ssize_t read_stream(void *context, void *buffer, size_t size, struct err *err)
{
	struct page_file *file = context;
	uint64_t left = file->entry_size - file->stream_offset;

	if (size > left)
		size = left;
	if (size &&
	    file->entry.read(file->entry.context, file->stream_offset, buffer, size, err) < 0)
		return -1;
	file->stream_offset += size;
	return (ssize_t)size;
}

static void rewind_stream(struct page_file *file)
{
	struct page_stream stream = { read_stream, file };

	file->stream_offset = 0;
	file->page_offset = 0;
	page_reader_start(file->reader, &stream);
}

/* Buffers that hold the largest frame of the table. */
static int prepare_frames(struct page_file *file, struct err *err)
{
	uint32_t frame_max = 1, page_max = 1;

	for (size_t i = 0; i < file->table.n_frames; i++) {
		const struct page_frame *row = &file->table.frames[i];

		frame_max = row->size > frame_max ? row->size : frame_max;
		page_max = row->page_size > page_max ? row->page_size : page_max;
	}
	file->index = file->table.n_frames;
	file->frame = malloc(frame_max);
	file->pages = malloc(page_max);
	if (!file->frame || !file->pages)
		return err_sys(err, "memory for a frame of pages");
	return page_coder_new(PAGES_LEVEL_NONE, &file->coder, err);
}

int page_file_open(const struct page_source *entry, uint64_t entry_size,
		   struct page_file **ret_file, struct err *err)
{
	struct page_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return err_sys(err, "memory for reading pages");
	file->entry = *entry;
	file->entry_size = entry_size;
	r = page_table_read(entry, entry_size, &file->table, err);
	if (r > 0)
		r = prepare_frames(file, err);
	else if (r == 0 && (r = page_reader_new(&file->reader, err)) == 0)
		rewind_stream(file);
	if (r < 0) {
		page_file_free(file);
		return -1;
	}
	*ret_file = file;
	return 0;
}

void page_file_free(struct page_file *file)
{
	if (!file)
		return;
	page_table_done(&file->table);
	page_coder_free(file->coder);
	page_reader_free(file->reader);
	free(file->frame);
	free(file->pages);
	free(file);
}

static int past_end(uint64_t offset, struct err *err)
{
	return err_set(err, ERR_IMAGE, "the page data ends before byte %llu",
		       (unsigned long long)offset);
}

/* The frame that holds the byte: the last one that begins at or before it. */
static size_t find_frame(const struct page_table *table, uint64_t offset)
{
	size_t after = SEARCH(table->n_frames, i, table->frames[i].page_offset <= offset);

	return after ? after - 1 : 0;
}

static int load_frame(struct page_file *file, size_t index, struct err *err)
{
	const struct page_frame *row = &file->table.frames[index];

	if (file->index == index)
		return 0;
	file->index = file->table.n_frames;
	if (file->entry.read(file->entry.context, row->offset, file->frame, row->size, err) < 0 ||
	    page_table_decode(row, file->coder, file->frame, file->pages, err) < 0)
		return -1;
	file->index = index;
	return 0;
}

static int read_frames(struct page_file *file, uint64_t offset, uint8_t *buffer, size_t size,
		       struct err *err)
{
	while (size) {
		const struct page_frame *row;
		uint64_t skip;
		size_t n;

		if (offset >= file->table.size)
			return past_end(offset, err);
		if (load_frame(file, find_frame(&file->table, offset), err) < 0)
			return -1;
		row = &file->table.frames[file->index];
		skip = offset - row->page_offset;
		n = row->page_size - skip < size ? row->page_size - skip : size;
		memcpy(buffer, file->pages + skip, n);
		buffer += n;
		offset += n;
		size -= n;
	}
	return 0;
}

static int read_in_order(struct page_file *file, uint64_t offset, uint8_t *buffer, size_t size,
			 struct err *err)
{
	uint8_t passed[SKIP_SIZE];

	if (offset < file->page_offset)
		rewind_stream(file);
	while (file->page_offset < offset + size) {
		bool skip = file->page_offset < offset;
		uint64_t left = skip ? offset - file->page_offset : size;
		size_t wanted = skip && left > sizeof(passed) ? sizeof(passed) : left;
		ssize_t n = page_reader_read(file->reader, skip ? passed : buffer, wanted, err);

		if (n >= 0 && (size_t)n < wanted)
			n = past_end(file->page_offset + (uint64_t)n, err);
		if (n < 0) {
			rewind_stream(file);
			return -1;
		}
		file->page_offset += (uint64_t)n;
	}
	return 0;
}

int page_file_read(struct page_file *file, uint64_t offset, void *buffer, size_t size,
		   struct err *err)
{
	if (offset + size < offset)
		return past_end(offset, err);
	if (!file->reader)
		return read_frames(file, offset, buffer, size, err);
	return read_in_order(file, offset, buffer, size, err);
}
