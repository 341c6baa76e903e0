/* SPDX-License-Identifier: MIT */
#include "restore/fill.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "format/runs.h"
#include "format/shm.h"
#include "restore/canvas.h"
#include "restore/shm.h"

#include <errno.h>
#include <string.h>

enum { CHUNK = 1 << 20 };

int fill_start(struct fill *fill, struct image_reader *reader, const struct image *image,
	       struct err *err)
{
	*fill = (struct fill){ .reader = reader };
	if (page_reader_new(&fill->pages, err) < 0 ||
	    image_pages(image, &fill->expected, &fill->n_expected, err) < 0)
		return -1;
	fill->filled = calloc(fill->n_expected + 1, sizeof(*fill->filled));
	if (!fill->filled)
		return err_sys(err, "out of memory");
	return image_pages_start(reader, image, &fill->walk, err);
}

void fill_done(struct fill *fill)
{
	image_pages_done(&fill->walk);
	free(fill->expected);
	free(fill->filled);
	page_reader_free(fill->pages);
	*fill = (struct fill){ 0 };
}

/* Where the bytes of one entry go. */
struct sink {
	struct restore *restore;
	struct canvas *canvas; /* or NULL: an object */
	uint32_t object;
	int fd; /* of anonymous shared memory, else -1 */
	const uint8_t *data;
	struct memory_range *ranges; /* collected for one write */
	size_t n_ranges;
};

static int sink_shared(void *context, uint64_t offset, size_t done, size_t size, struct err *err)
{
	struct sink *sink = context;

	if (sink->fd < 0)
		return shm_fill(sink->restore, sink->object, offset, sink->data + done, size, err);
	if (pwrite(sink->fd, sink->data + done, size, (off_t)offset) != (ssize_t)size)
		return err_sys(err, "shm object %u", sink->object);
	return 0;
}

static int sink_memory(void *context, uint64_t address, size_t done, size_t size, struct err *err)
{
	struct sink *sink = context;

	(void)done;
	(void)err;
	sink->ranges[sink->n_ranges++] = (struct memory_range){ address, address + size };
	return 0;
}

/* --verify: what stands in the process now is what the image holds. */
static int read_back(const struct sink *sink, size_t size, struct err *err)
{
	_cleanup_free_ uint8_t *now = malloc(size);
	size_t same = 0;

	if (!now)
		return err_sys(err, "out of memory");
	if (memory_read_ranges(&sink->canvas->frozen.memory, sink->ranges, sink->n_ranges, now,
			       err) < 0)
		return -1;
	if (memcmp(now, sink->data, size) == 0)
		return 0;
	while (now[same] == sink->data[same])
		same++;
	return err_set(err, ERR_FAILED, "--verify: page data differs %zu bytes after 0x%lx", same,
		       sink->ranges[0].start);
}

static int deliver(struct sink *sink, const struct runs *runs, uint64_t offset, size_t size,
		   struct err *err)
{
	if (!sink->canvas)
		return runs_each(runs, offset, size, sink_shared, sink, err);
	sink->n_ranges = 0;
	if (runs_each(runs, offset, size, sink_memory, sink, err) < 0)
		return -1;
	if (memory_write_ranges(&sink->canvas->frozen.memory, sink->ranges, sink->n_ranges,
				sink->data, err) < 0)
		return -1;
	return sink->restore->options->verify ? read_back(sink, size, err) : 0;
}

/* An entry of a file as a stream. */
struct entry_stream {
	const struct image_entry *entry;
	uint64_t at;
};

static ssize_t read_entry(void *context, void *buffer, size_t size, struct err *err)
{
	struct entry_stream *stream = context;
	uint64_t left = stream->entry->size - stream->at;

	if (size > left)
		size = left;
	if (image_entry_read(stream->entry, stream->at, buffer, size, err) < 0)
		return -1;
	stream->at += size;
	return (ssize_t)size;
}

static int pour(struct fill *fill, const struct page_stream *stream, struct sink *sink,
		const struct runs *runs, uint64_t offset, uint64_t size, struct err *err)
{
	_cleanup_free_ uint8_t *buffer = malloc(CHUNK);

	/* No more pieces than pages. */
	sink->ranges = calloc(CHUNK / 4096 + 1, sizeof(*sink->ranges));
	if (!buffer || !sink->ranges)
		return err_sys(err, "out of memory");
	sink->data = buffer;
	page_reader_start(fill->pages, stream);
	for (uint64_t done = 0; done < size;) {
		size_t want = size - done < CHUNK ? size - done : CHUNK;
		ssize_t n = page_reader_read(fill->pages, buffer, want, err);

		if (n < 0)
			return -1;
		if ((size_t)n < want)
			return err_set(err, ERR_IMAGE, "it ends after %lu of %lu bytes of pages",
				       done + (size_t)n, size);
		if (deliver(sink, runs, offset + done, want, err) < 0)
			return -1;
		done += want;
	}
	return page_reader_end(fill->pages, err);
}

static int runs_of(const struct image *image, const struct pages_entry *entry, struct runs *ret,
		   struct err *err)
{
	const struct memory *memory;

	if (entry->kind == KIND_shm) {
		const struct shm *shm = IMAGE_GET(image, shm, entry->id, 0);

		return runs_add(ret, shm->saved, shm->n_saved, err);
	}
	memory = IMAGE_GET(image, memory, entry->id, 0);
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (runs_add(ret, memory->vmas[i].saved, memory->vmas[i].n_saved, err) < 0)
			return -1;
	return 0;
}

/* The place of an address in the whole of an object's saved bytes. */
static uint64_t offset_of(const struct runs *runs, uint64_t address)
{
	for (size_t i = 0; i < runs->n_runs; i++)
		if (address >= runs->runs[i].start && address < runs->runs[i].end)
			return runs->runs[i].before + (address - runs->runs[i].start);
	return runs->size;
}

static struct canvas *canvas_of(const struct restore *restore, uint32_t own_pid)
{
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (restore->canvases[i].own_pid == own_pid)
			return &restore->canvases[i];
	return NULL;
}

static int make_sink(struct restore *restore, const struct pages_entry *entry, struct sink *ret,
		     struct err *err)
{
	*ret = (struct sink){ .restore = restore, .object = entry->id, .fd = -1 };
	if (entry->kind == KIND_memory) {
		ret->canvas = canvas_of(restore, entry->id);
		return 0;
	}
	if (IMAGE_GET(&restore->image, shm, entry->id, 0)->kind != SHM_ANONYMOUS)
		return 0;
	ret->fd = restore_anonymous_fd(restore, entry->id);
	return ret->fd < 0 ? err_set(err, ERR_FAILED, "shm object %u is not there", entry->id) : 0;
}

static int fill_entry(struct fill *fill, struct restore *restore, const struct pages_entry *entry,
		      const struct page_stream *stream, struct err *err)
{
	_cleanup_(runs_done) struct runs runs = { 0 };
	char name[PAGES_NAME];
	struct sink sink;
	int ret;

	pages_entry_name(entry, name);
	if (make_sink(restore, entry, &sink, err) < 0 ||
	    runs_of(&restore->image, entry, &runs, err) < 0)
		return err_prefix(err, "%s", name);
	ret = pour(fill, stream, &sink, &runs, offset_of(&runs, entry->first), entry->size, err);
	free(sink.ranges);
	return ret < 0 ? err_prefix(err, "%s", name) : 0;
}

static int fill_by_name(struct fill *fill, struct restore *restore, size_t index, struct err *err)
{
	const struct pages_entry *entry = &fill->expected[index];
	struct entry_stream from = { 0 };
	const struct page_stream stream = { read_entry, &from };
	char name[PAGES_NAME];

	pages_entry_name(entry, name);
	from.entry = image_reader_find(fill->reader, name);
	if (!from.entry)
		return err_set(err, ERR_IMAGE, "%s is missing from the image", name);
	fill->filled[index] = true;
	return fill_entry(fill, restore, entry, &stream, err);
}

/* Which entries are wanted: all of a kind, or those of one object. */
struct wanted {
	enum kind kind;
	uint32_t id; /* 0: all */
};

static bool is_wanted(const struct wanted *wanted, const struct pages_entry *entry)
{
	return entry->kind == wanted->kind && (!wanted->id || entry->id == wanted->id);
}

static int fill_from_file(struct fill *fill, struct restore *restore, const struct wanted *wanted,
			  struct err *err)
{
	for (size_t i = 0; i < fill->n_expected; i++)
		if (!fill->filled[i] && is_wanted(wanted, &fill->expected[i]) &&
		    fill_by_name(fill, restore, i, err) < 0)
			return -1;
	return 0;
}

static bool is_complete(const struct fill *fill, const struct wanted *wanted)
{
	for (size_t i = 0; i < fill->n_expected; i++)
		if (!fill->filled[i] && is_wanted(wanted, &fill->expected[i]))
			return false;
	return true;
}

static void mark_filled(struct fill *fill, const struct pages_entry *entry)
{
	for (size_t i = 0; i < fill->n_expected; i++)
		if (fill->expected[i].kind == entry->kind && fill->expected[i].id == entry->id &&
		    fill->expected[i].first == entry->first)
			fill->filled[i] = true;
}

static int fill_from_stream(struct fill *fill, struct restore *restore, const struct wanted *wanted,
			    struct err *err)
{
	const struct page_stream stream = image_reader_stream(fill->reader);
	const struct image_entry *entry;
	int ret = 1;

	/* All of a kind is read to where it ends, so that nothing unexpected stays unseen. */
	while (!wanted->id || !is_complete(fill, wanted)) {
		if (!fill->waiting)
			ret = image_pages_next(&fill->walk, &entry, &fill->next, err);
		if (ret <= 0)
			return ret;
		fill->waiting = true;
		if (fill->next.kind != wanted->kind && wanted->kind == KIND_shm)
			return 0;
		if (fill->next.kind != wanted->kind ||
		    (wanted->kind == KIND_memory && !canvas_of(restore, fill->next.id)))
			return err_set(
				err, ERR_IMAGE,
				"its page data is in another order than prestore can take it "
				"from a pipe: give it as a file");
		if (fill_entry(fill, restore, &fill->next, &stream, err) < 0)
			return -1;
		mark_filled(fill, &fill->next);
		fill->waiting = false;
	}
	return 0;
}

static int fill_wanted(struct fill *fill, struct restore *restore, const struct wanted *wanted,
		       struct err *err)
{
	if (image_reader_complete(fill->reader))
		return fill_from_file(fill, restore, wanted, err);
	return fill_from_stream(fill, restore, wanted, err);
}

int fill_kind(struct fill *fill, struct restore *restore, enum kind kind, struct err *err)
{
	const struct wanted wanted = { .kind = kind };

	return fill_wanted(fill, restore, &wanted, err);
}

int fill_process(struct fill *fill, struct restore *restore, uint32_t own_pid, struct err *err)
{
	const struct wanted wanted = { KIND_memory, own_pid };

	return fill_wanted(fill, restore, &wanted, err);
}
