/* SPDX-License-Identifier: MIT */
#include "format/pages_queue.h"

#include "format/bytes.h"
#include "format/cleanup.h"

#include <string.h>

enum {
	FRAMES_MAX = PAGES_DATA_MAX / PAGES_FRAME_SIZE,
	/* For what is written while it is made: enough that no thread waits for another one's turn, and few enough to stay in the caches. */
	CELLS_PER_THREAD = 4,
	CELLS_STREAMING_MAX = 2 * FRAMES_MAX,
	/* SHA-256 of one entry is a chain, and slower than all else: from so many threads on, those of several entries are made at the same time. */
	DIGESTING_THREADS = 3,
};

int frame_maker_init(struct frame_maker *maker, int level, struct err *err)
{
	maker->level = level;
	return page_coder_new(level, &maker->coder, err);
}

void frame_maker_done(struct frame_maker *maker)
{
	page_coder_free(maker->coder);
	free(maker->pages);
}

static size_t frame_pages(const struct queued_entry *entry, size_t index)
{
	uint64_t left = entry->size - (uint64_t)index * PAGES_FRAME_SIZE;

	return left < PAGES_FRAME_SIZE ? left : PAGES_FRAME_SIZE;
}

static int read_parts(const struct queued_entry *entry, size_t index, const struct iovec *parts,
		      size_t n, struct err *err)
{
	uint64_t offset = (uint64_t)index * PAGES_FRAME_SIZE;

	for (size_t i = 0; i < n; i++) {
		if (entry->source.read(entry->source.context, offset, parts[i].iov_base,
				       parts[i].iov_len, err) < 0)
			return -1;
		offset += parts[i].iov_len;
	}
	return 0;
}

static void copy_parts(const struct iovec *to, const struct iovec *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy(to[i].iov_base, from[i].iov_base, to[i].iov_len);
}

/*
 * Pages that look as if they would not be compressed are read to where they then stay; the others
 * must be in one piece. Both ways lead to the same frame.
 */
static ssize_t make(struct frame_maker *maker, const struct queued_entry *entry, size_t index,
		    uint8_t *cell, struct err *err)
{
	struct iovec body[PAGES_BODY_PARTS], pages[PAGES_BODY_PARTS], *at;
	size_t size = frame_pages(entry, index);
	size_t n = page_frame_body(cell, size, body);
	ssize_t done;

	page_parts(maker->pages, size, pages);
	at = maker->raw ? body : pages;
	if (read_parts(entry, index, at, n, err) < 0)
		return -1;
	if (!page_frame_hopeless(maker->coder, at, n)) {
		if (at == body)
			copy_parts(pages, body, n);
		done = page_frame_compress(maker->coder, maker->pages, size, cell, err);
		maker->raw = done == 0;
		if (done)
			return done;
		at = pages;
	}
	maker->raw = true;
	if (at == pages)
		copy_parts(body, pages, n);
	return (ssize_t)page_frame_seal(cell, size);
}

static ssize_t make_raw(const struct queued_entry *entry, size_t index, uint8_t *cell,
			struct err *err)
{
	struct iovec body[PAGES_BODY_PARTS];
	size_t size = frame_pages(entry, index);
	size_t n = page_frame_body(cell, size, body);

	if (read_parts(entry, index, body, n, err) < 0)
		return -1;
	return (ssize_t)page_frame_seal(cell, size);
}

static int make_frame(const struct page_queue *queue, struct task *task, struct frame_maker *maker)
{
	ssize_t n;

	(void)queue;
	if (maker->level != PAGES_LEVEL_NONE && !maker->pages)
		maker->pages = malloc(PAGES_FRAME_SIZE);
	if (maker->level != PAGES_LEVEL_NONE && !maker->pages)
		return err_sys(&task->err, "memory for a frame of pages");
	if (maker->level == PAGES_LEVEL_NONE)
		n = make_raw(task->entry, task->first, task->cell, &task->err);
	else
		n = make(maker, task->entry, task->first, task->cell, &task->err);
	if (n < 0)
		return -1;
	task->made = (struct page_frame){
		.size = (uint32_t)n,
		.page_size = (uint32_t)frame_pages(task->entry, task->first),
		.checksum = get_le32(task->cell + n - 4),
	};
	return 0;
}

static int digest_part(const struct page_queue *queue, struct task *task, struct frame_maker *maker)
{
	struct queued_entry *entry = task->entry;

	(void)queue;
	(void)maker;
	digest_update(&entry->state, entry->parts[task->first].iov_base,
		      entry->parts[task->first].iov_len);
	if (task->first == entry->n_frames)
		digest_final(&entry->state, &entry->digest);
	return 0;
}

static int write_part(const struct page_queue *queue, struct task *task, struct frame_maker *maker)
{
	const struct queued_entry *entry = task->entry;
	const struct page_sink *sink = &queue->sink;
	const struct page_entry facts = {
		.name = entry->name,
		.page_size = entry->size,
		.size = task->size,
		.digest = queue->digests ? &entry->digest : NULL,
	};

	(void)maker;
	if (task->begins && sink->begin(sink->context, entry->name, task->size, &task->err) < 0)
		return -1;
	if (task->count &&
	    sink->write(sink->context, &entry->parts[task->first], task->count, &task->err) < 0)
		return -1;
	return task->ends ? sink->end(sink->context, &facts, &task->err) : 0;
}

typedef int task_fn(const struct page_queue *queue, struct task *task, struct frame_maker *maker);
static task_fn *const doing[] = {
	[TASK_WRITE] = write_part,
	[TASK_DIGEST] = digest_part,
	[TASK_FRAME] = make_frame,
};

void task_do(const struct page_queue *queue, struct task *task, struct frame_maker *maker)
{
	task->result = doing[task->kind](queue, task, maker);
}

void page_queue_init(struct page_queue *queue, const struct page_writer_options *options,
		     const struct page_sink *sink)
{
	size_t cells = options->threads * (size_t)CELLS_PER_THREAD;

	queue->sink = *sink;
	queue->digests = options->digests;
	queue->level = options->level;
	queue->streaming = sink->any_size || options->level == PAGES_LEVEL_NONE;
	queue->room = options->threads < 2 ? 1 : PAGES_ENTRIES_MAX;
	queue->cells.limit = queue->room * FRAMES_MAX;
	if (options->digests && options->threads >= DIGESTING_THREADS)
		cells = CELLS_STREAMING_MAX;
	if (queue->streaming)
		queue->cells.limit = cells < CELLS_STREAMING_MAX ? cells : CELLS_STREAMING_MAX;
}

static void release_source(struct queued_entry *entry)
{
	if (entry->release)
		entry->release(entry->source.context);
	entry->release = NULL;
	free(entry->name);
	entry->name = NULL;
}

void page_queue_free(struct page_queue *queue)
{
	for (size_t i = 0; i < PAGES_ENTRIES_MAX; i++) {
		release_source(&queue->entries[i]);
		free(queue->entries[i].frames);
		free(queue->entries[i].parts);
		free(queue->entries[i].table);
	}
	page_cells_done(&queue->cells);
}

static int prepare(struct queued_entry *entry, struct err *err)
{
	if (!entry->frames)
		entry->frames = calloc(FRAMES_MAX, sizeof(*entry->frames));
	if (!entry->parts)
		entry->parts = calloc(FRAMES_MAX + 1, sizeof(*entry->parts));
	if (!entry->table)
		entry->table = malloc(page_table_size(FRAMES_MAX));
	if (!entry->frames || !entry->parts || !entry->table)
		return err_sys(err, "memory for page data");
	entry->next = entry->made = entry->digested = entry->written = entry->released = 0;
	entry->begun = entry->ended = false;
	entry->n_frames = entry->failed = (entry->size + PAGES_FRAME_SIZE - 1) / PAGES_FRAME_SIZE;
	memset(entry->frames, 0, entry->n_frames * sizeof(*entry->frames));
	digest_init(&entry->state);
	return 0;
}

static struct queued_entry *entry_at(struct page_queue *queue, size_t index)
{
	return &queue->entries[(queue->oldest + index) % PAGES_ENTRIES_MAX];
}

int page_queue_add(struct page_queue *queue, const char *name, const struct page_source *pages,
		   uint64_t size, void (*release)(void *context), struct err *err)
{
	struct queued_entry *entry = entry_at(queue, queue->n_entries);
	uint8_t *cell = page_cell_take(&queue->cells);
	int r = 0;

	/* One is enough to get on, if parts are written as they are made. */
	if (cell)
		page_cell_give(&queue->cells, cell);
	else if (!queue->cells.made)
		r = err_sys(err, "memory for page data");
	entry->source = *pages;
	entry->release = release;
	entry->size = size;
	entry->name = strdup(name);
	if (size == 0 || size > PAGES_DATA_MAX)
		r = err_set(err, ERR_FAILED, "%llu bytes of pages in one entry: expected 1..%d",
			    (unsigned long long)size, PAGES_DATA_MAX);
	if (r == 0)
		r = entry->name ? prepare(entry, err) : err_sys(err, "memory for page data");
	if (r < 0)
		release_source(entry);
	else
		queue->n_entries++;
	return r;
}

static bool all_made(const struct queued_entry *entry)
{
	return entry->made == entry->n_frames + 1;
}

/* 0: not known yet. */
static uint64_t entry_size(const struct page_queue *queue, const struct queued_entry *entry)
{
	uint64_t size = page_table_size(entry->n_frames);

	if (!all_made(entry) && queue->level != PAGES_LEVEL_NONE)
		return 0;
	for (size_t i = 0; i < entry->n_frames; i++)
		size += all_made(entry) ? entry->frames[i].size
					: page_frame_raw_size(frame_pages(entry, i));
	return size;
}

/* In order, also of the entries. Its end waits for the digest. */
static bool take_write(struct page_queue *queue, struct queued_entry *entry, struct task *task)
{
	bool before = queue->streaming || all_made(entry);
	size_t count = before && entry->made > entry->written;
	bool ends = entry->written + count == entry->n_frames + 1 &&
		    (!queue->digests || entry->digested == entry->n_frames + 1);

	if (queue->writing || entry->ended || (!count && !ends))
		return false;
	*task = (struct task){ TASK_WRITE, entry, entry->written, .count = count, .ends = ends };
	task->begins = !entry->begun;
	if (task->begins || ends)
		task->size = entry_size(queue, entry);
	queue->writing = entry->begun = true;
	return true;
}

static bool take_digest(struct page_queue *queue, struct queued_entry *entry, struct task *task)
{
	if (!queue->digests || entry->digesting || entry->made == entry->digested)
		return false;
	*task = (struct task){ TASK_DIGEST, entry, entry->digested, .count = 1 };
	entry->digesting = true;
	return true;
}

/* Frames are taken in order over all entries, so that the first that is missing always has a cell. */
static bool take_frame(struct page_queue *queue, struct queued_entry *entry, struct task *task)
{
	uint8_t *cell;

	if (entry->next == entry->n_frames)
		return false;
	cell = page_cell_take(&queue->cells);
	if (!cell)
		return false;
	*task = (struct task){ TASK_FRAME, entry, entry->next++, .cell = cell };
	return true;
}

bool page_queue_take(struct page_queue *queue, struct task *ret_task)
{
	bool turn = true; /* to be written: all before have ended */

	for (size_t i = 0; i < queue->n_entries; i++) {
		struct queued_entry *entry = entry_at(queue, i);

		if ((turn && take_write(queue, entry, ret_task)) ||
		    take_digest(queue, entry, ret_task) || take_frame(queue, entry, ret_task)) {
			entry->busy++;
			return true;
		}
		turn = turn && entry->ended;
	}
	return false;
}

static void release_cells(struct page_queue *queue, struct queued_entry *entry)
{
	size_t used = entry->written;

	if (queue->digests && entry->digested < used)
		used = entry->digested;
	for (; entry->released < used && entry->released < entry->n_frames; entry->released++)
		page_cell_give(&queue->cells, entry->parts[entry->released].iov_base);
}

static void frame_done(struct page_queue *queue, struct queued_entry *entry,
		       const struct task *task)
{
	if (task->result < 0) {
		page_cell_give(&queue->cells, task->cell);
		if (task->first < entry->failed) {
			entry->failed = task->first;
			entry->err = task->err;
		}
		entry->next = entry->n_frames;
		return;
	}
	entry->frames[task->first] = task->made;
	entry->parts[task->first] = (struct iovec){ task->cell, task->made.size };
	while (entry->made < entry->n_frames && entry->frames[entry->made].size)
		entry->made++;
	if (entry->made == entry->n_frames) {
		page_table_write(entry->frames, entry->n_frames, entry->table);
		entry->parts[entry->made++] =
			(struct iovec){ entry->table, page_table_size(entry->n_frames) };
	}
}

static void digest_done(struct page_queue *queue, struct queued_entry *entry,
			const struct task *task)
{
	entry->digesting = false;
	entry->digested += task->count;
	release_cells(queue, entry);
}

static void write_done(struct page_queue *queue, struct queued_entry *entry,
		       const struct task *task)
{
	queue->writing = false;
	entry->written += task->count;
	entry->ended = task->ends && task->result == 0;
	release_cells(queue, entry);
}

typedef void done_fn(struct page_queue *queue, struct queued_entry *entry, const struct task *task);
static done_fn *const dones[] = {
	[TASK_WRITE] = write_done,
	[TASK_DIGEST] = digest_done,
	[TASK_FRAME] = frame_done,
};

void page_queue_done(struct page_queue *queue, const struct task *task)
{
	task->entry->busy--;
	dones[task->kind](queue, task->entry, task);
}

bool page_queue_idle(const struct page_queue *queue)
{
	for (size_t i = 0; i < queue->n_entries; i++)
		if (entry_at((struct page_queue *)queue, i)->busy)
			return false;
	return true;
}

size_t page_queue_frames(const struct page_queue *queue)
{
	size_t n = 0;

	for (size_t i = 0; i < queue->n_entries; i++) {
		const struct queued_entry *entry = entry_at((struct page_queue *)queue, i);

		n += entry->n_frames - entry->next;
	}
	return n;
}

struct queued_entry *page_queue_oldest(struct page_queue *queue)
{
	return entry_at(queue, 0);
}

bool page_queue_failed(const struct queued_entry *entry)
{
	return !entry->busy && entry->failed < entry->n_frames;
}

void page_queue_drop(struct page_queue *queue)
{
	release_source(entry_at(queue, 0));
	queue->oldest = (queue->oldest + 1) % PAGES_ENTRIES_MAX;
	queue->n_entries--;
}
