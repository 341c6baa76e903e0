/* SPDX-License-Identifier: MIT */
#include "restore/fill.h"

#include "cli/steps.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/pages_pool.h"
#include "format/pimage.h"
#include "kernel/fallback.h"
#include "kernel/huge.h"
#include "restore/canvas.h"
#include "restore/sink.h"
#include "restore/tree.h"

#include <sched.h>
#include <string.h>

enum {
	/* Of a stream: one entry is decoded while the next is read. */
	ENTRIES_AHEAD = 1,
	/* Bytes that one processor fills while the others would win less than taking turns across processors loses, in all and for each process. */
	FEW = 2 << 20,
	FEW_EACH = 512 << 10,
};

int fill_start(struct fill *fill, struct image_reader *reader, const struct image *image,
	       struct err *err)
{
	*fill = (struct fill){ .reader = reader, .steps = fill->steps };
	if (image_pages(image, &fill->expected, &fill->n_expected, err) < 0)
		return -1;
	for (size_t i = 0; i < fill->n_expected; i++)
		fill->total += fill->expected[i].size;
	fill->filled = calloc(fill->n_expected + 1, sizeof(*fill->filled));
	if (!fill->filled)
		return err_sys(err, "out of memory");
	return image_pages_start(reader, image, &fill->walk, err);
}

void fill_done(struct fill *fill)
{
	page_pool_free(fill->pool);
	for (size_t i = 0; i < fill->n_sinks; i++)
		sink_free(fill->sinks[i]);
	free(fill->sinks);
	image_pages_done(&fill->walk);
	free(fill->expected);
	free(fill->filled);
	*fill = (struct fill){ 0 };
}

/* Only the tracer can put words into a process, which is what is left where neither of these works. */
unsigned fill_threads(const struct kernel_features *features)
{
	cpu_set_t cpus;
	int n;

	if (!feature_on(features, FEATURE_PROCESS_VM) ||
	    !feature_on(features, FEATURE_PROC_MEM_FORCE) ||
	    sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 1;
	n = CPU_COUNT(&cpus);
	return n > FILL_THREADS_MAX ? FILL_THREADS_MAX : (unsigned)n;
}

static int prepare(struct fill *fill, const struct restore *restore, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	const struct lazy *lazy = &restore->lazy;

	if (fill->pool)
		return 0;
	if (fill->total > lazy->size + FEW + pimage->n_pids * FEW_EACH)
		restore_spread(restore);
	fill->huge = huge_page_size(restore->features);
	return page_pool_new(fill_threads(restore->features), &fill->pool, err);
}

static int find_sink(struct fill *fill, struct restore *restore, const struct pages_entry *entry,
		     struct sink **ret, struct err *err)
{
	struct sink **slot;

	/* Entries of one object mostly follow one another. */
	for (size_t i = fill->n_sinks; i-- > 0;) {
		if (fill->sinks[i]->kind == entry->kind && fill->sinks[i]->id == entry->id) {
			*ret = fill->sinks[i];
			return 0;
		}
	}
	slot = LIST_ADD(fill, sinks, err);
	if (!slot)
		return -1;
	*slot = NULL;
	if (sink_open(restore, entry->kind, entry->id, fill->huge, slot, err) < 0) {
		fill->n_sinks--;
		return -1;
	}
	*ret = *slot;
	return 0;
}

/* An entry on its way through the pool. */
struct pouring {
	char name[PAGES_NAME];
	struct fill *fill;
	struct sink *sink;
	uint64_t offset; /* of its pages among all of the sink */
	uint64_t size;
	uint8_t *bytes; /* of an entry that came as a stream */
};

static int put(void *context, uint64_t offset, const void *pages, size_t size, struct err *err)
{
	const struct pouring *pouring = context;

	return sink_put(pouring->sink, pouring->offset + offset, pages, size, err);
}

static bool wanted_here(void *context, uint64_t offset, size_t size)
{
	const struct pouring *pouring = context;

	return sink_wants(pouring->sink, pouring->offset + offset, size);
}

static void pouring_free(struct pouring *pouring)
{
	free(pouring->bytes);
	free(pouring);
}

static void pouring_done(void *context)
{
	struct pouring *pouring = context;
	struct fill *fill = pouring->fill;

	fill->done += pouring->size;
	step_bytes(fill->steps, fill->done, fill->total);
	pouring_free(pouring);
}

/* Takes the bytes over. */
static int pour(struct fill *fill, struct restore *restore, const struct pages_entry *entry,
		const struct page_source *source, uint64_t size, uint8_t *bytes, struct err *err)
{
	struct pouring *pouring = calloc(1, sizeof(*pouring));
	struct sink *sink;
	struct page_job job = { *source, size,	       entry->size, wanted_here,
				put,	 pouring_done, pouring,	    NULL };

	if (!pouring) {
		free(bytes);
		return err_sys(err, "out of memory");
	}
	pages_entry_name(entry, pouring->name);
	pouring->fill = fill;
	pouring->size = entry->size;
	pouring->bytes = bytes;
	job.name = pouring->name;
	if (find_sink(fill, restore, entry, &sink, err) < 0)
		goto fail;
	pouring->sink = sink;
	pouring->offset = sink_offset(sink, entry->first);
	/* All of it comes later: it need not even be opened. */
	if (!sink_wants(sink, pouring->offset, entry->size)) {
		pouring_free(pouring);
		return 0;
	}
	/* Others fill the entries before meanwhile. */
	if (sink->canvas && collapse_run(&sink->collapse, sink->canvas,
					 sink_end(sink, pouring->offset, entry->size), err) < 0)
		goto fail;
	return page_pool_add(fill->pool, &job, err);
fail:
	err_prefix(err, "%s", pouring->name);
	pouring_free(pouring);
	return -1;
}

static int fill_by_name(struct fill *fill, struct restore *restore, size_t index, struct err *err)
{
	const struct pages_entry *entry = &fill->expected[index];
	const struct image_entry *found;
	struct page_source source;
	char name[PAGES_NAME];

	pages_entry_name(entry, name);
	found = image_reader_find(fill->reader, name);
	if (!found)
		return err_set(err, ERR_IMAGE, "%s is missing from the image", name);
	fill->filled[index] = true;
	source = image_entry_source(found);
	return pour(fill, restore, entry, &source, found->size, NULL, err);
}

static int read_bytes(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	const uint8_t *bytes = context;

	(void)err;
	memcpy(buffer, bytes + offset, size);
	return 0;
}

/* The next entry of a stream, whole, so that its frames can be decoded side by side. */
static int fill_next(struct fill *fill, struct restore *restore, const struct image_entry *from,
		     const struct pages_entry *entry, struct err *err)
{
	const struct page_stream stream = image_reader_stream(fill->reader);
	uint8_t *bytes = malloc(from->size + 1);
	const struct page_source source = { read_bytes, bytes };

	if (!bytes)
		return err_sys(err, "%s: out of memory", from->name);
	for (uint64_t done = 0; done < from->size;) {
		ssize_t n = stream.read(stream.context, bytes + done, from->size - done, err);

		if (n <= 0) {
			free(bytes);
			return n < 0 ? -1 : err_set(err, ERR_IMAGE, "%s is cut off", from->name);
		}
		done += (uint64_t)n;
	}
	if (pour(fill, restore, entry, &source, from->size, bytes, err) < 0)
		return -1;
	return page_pool_wait(fill->pool, ENTRIES_AHEAD, err);
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
	int ret = 1;

	/* All of a kind is read to where it ends, so that nothing unexpected stays unseen. */
	while (!wanted->id || !is_complete(fill, wanted)) {
		if (!fill->waiting)
			ret = image_pages_next(&fill->walk, &fill->next_entry, &fill->next, err);
		if (ret <= 0)
			return ret;
		fill->waiting = true;
		if (fill->next.kind != wanted->kind && wanted->kind == KIND_shm)
			return 0;
		if (fill->next.kind != wanted->kind ||
		    (wanted->kind == KIND_memory && !tree_canvas(restore, fill->next.id)))
			return err_set(
				err, ERR_IMAGE,
				"its page data is in another order than prestore can take it "
				"from a pipe: give it as a file");
		if (fill_next(fill, restore, fill->next_entry, &fill->next, err) < 0)
			return -1;
		mark_filled(fill, &fill->next);
		fill->waiting = false;
	}
	return 0;
}

void fill_came(struct fill *fill, struct fill *before, uint32_t own_pid)
{
	const struct wanted wanted = { KIND_memory, own_pid };

	fill->before = before;
	for (size_t i = 0; i < fill->n_expected; i++) {
		if (!is_wanted(&wanted, &fill->expected[i]))
			continue;
		fill->filled[i] = true;
		fill->total -= fill->expected[i].size;
	}
}

static int fill_wanted(struct fill *fill, struct restore *restore, const struct wanted *wanted,
		       struct err *err)
{
	int ret;

	/* No threads for nothing. */
	if (image_reader_complete(fill->reader) && is_complete(fill, wanted))
		return 0;
	if (prepare(fill, restore, err) < 0)
		return -1;
	ret = image_reader_complete(fill->reader) ? fill_from_file(fill, restore, wanted, err)
						  : fill_from_stream(fill, restore, wanted, err);
	return ret < 0 ? -1 : page_pool_wait(fill->pool, 0, err);
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

const struct tid_words *fill_tid_words(struct fill *fill, uint32_t own_pid)
{
	for (size_t i = 0; i < fill->n_sinks; i++) {
		struct sink *sink = fill->sinks[i];

		if (sink->kind != KIND_memory || sink->id != own_pid || !sink->tid_words.wanted ||
		    sink->tid_words.incomplete)
			continue;
		tid_words_sort(&sink->tid_words);
		return &sink->tid_words;
	}
	return fill->before ? fill_tid_words(fill->before, own_pid) : NULL;
}
