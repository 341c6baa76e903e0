/* SPDX-License-Identifier: MIT */
#include "format/pages_queue.h"

#include "format/cleanup.h"

#include <string.h>

enum {
	FRAMES_MAX = PAGES_DATA_MAX / PAGES_FRAME_SIZE,
	/* For what is written while it is made: enough that no thread waits for another one's turn, and few enough to stay in the caches. */
	CELLS_PER_THREAD = 4,
	CELLS_STREAMING_MAX = 2 * FRAMES_MAX,
	/* SHA-256 of one entry is a chain, and slower than all else: from so many threads on, those of several entries are made at the same time. */
	DIGESTING_THREADS = 3,
	/* Less is not worth a place of its own. */
	AHEAD_FRAMES = 16,
	/*
	 * Sixteenths of an entry that must be frames of pages as they are, and nothing else, to make believe that the rest will be. A bet that is lost
	 * costs the making of the entries that come next.
	 */
	DOUBT_MIN = 1,
	DOUBT_FIRST = 2,
	DOUBT_MAX = 32, /* of 16: no bets */
};

void page_queue_init(struct page_queue *queue, const struct page_writer_options *options,
		     const struct page_sink *sink)
{
	size_t cells = options->threads * (size_t)CELLS_PER_THREAD;

	queue->sink = *sink;
	queue->digests = options->digests;
	queue->level = options->level;
	queue->streaming = sink->any_size || options->level == PAGES_LEVEL_NONE;
	queue->room = options->threads < 2 ? 1 : PAGES_ENTRIES_MAX;
	if (sink->ahead && options->threads > 1)
		queue->room = options->threads < QUEUE_MAX ? options->threads + 1 : QUEUE_MAX;
	queue->doubt = DOUBT_FIRST;
	if (options->digests && options->threads >= DIGESTING_THREADS)
		cells = CELLS_STREAMING_MAX;
	queue->cells.limit = queue->room * FRAMES_MAX;
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
	for (size_t i = 0; i < QUEUE_MAX; i++) {
		release_source(&queue->entries[i]);
		free(queue->entries[i].frames);
		free(queue->entries[i].parts);
		free(queue->entries[i].table);
	}
	page_cells_done(&queue->cells);
}

/* As if nothing had been done but what the sink has been told. */
static void start_over(struct queued_entry *entry)
{
	entry->next = entry->made = entry->digested = entry->written = entry->released = 0;
	entry->bytes = 0;
	entry->owner = 0;
	entry->again = false;
	entry->failed = entry->n_frames;
	memset(entry->frames, 0, entry->n_frames * sizeof(*entry->frames));
	digest_init(&entry->state);
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
	entry->n_frames = (entry->size + PAGES_FRAME_SIZE - 1) / PAGES_FRAME_SIZE;
	entry->begun = entry->ended = false;
	entry->place = PLACE_UNKNOWN;
	start_over(entry);
	return 0;
}

static struct queued_entry *entry_at(struct page_queue *queue, size_t index)
{
	return &queue->entries[(queue->oldest + index) % QUEUE_MAX];
}

int page_queue_add(struct page_queue *queue, const char *name, const struct page_source *pages,
		   uint64_t size, void (*release)(void *context), struct err *err)
{
	struct queued_entry *entry = entry_at(queue, queue->n_entries);
	uint8_t *cell = page_cell_take(&queue->cells, 0);
	int r = 0;

	/* One is enough to get on, if parts are written as they are made. */
	if (cell)
		page_cell_give(&queue->cells, cell, 0);
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

/* If all frames that are not made yet are of pages as they are. */
static uint64_t expected_size(const struct queued_entry *entry)
{
	uint64_t size = page_table_size(entry->n_frames);

	for (size_t i = 0; i < entry->n_frames; i++)
		size += i < entry->made ? entry->frames[i].size
					: page_frame_raw_size(frame_pages(entry, i));
	return size;
}

/* 0: not known yet. */
static uint64_t entry_size(const struct page_queue *queue, const struct queued_entry *entry)
{
	return all_made(entry) || queue->level == PAGES_LEVEL_NONE ? expected_size(entry) : 0;
}

/* All frames so far are of pages as they are. */
static bool is_raw(const struct queued_entry *entry)
{
	for (size_t i = 0; i < entry->made && i < entry->n_frames; i++)
		if (entry->frames[i].size != page_frame_raw_size(frame_pages(entry, i)))
			return false;
	return true;
}

/* Whether expected_size is worth a bet. */
static bool is_trusted(const struct page_queue *queue, const struct queued_entry *entry)
{
	return entry_size(queue, entry) ||
	       (entry->made * 16 >= queue->doubt * entry->n_frames && is_raw(entry));
}

static bool same_folder(const char *a, const char *b)
{
	size_t length = (size_t)(strrchr(a, '/') ? strrchr(a, '/') - a : 0);

	return strncmp(a, b, length) == 0 && !strchr(b + length + (length > 0), '/');
}

/*
 * Where it will begin if the one before gets the size that it seems to get: from there on it can be written by a thread of its own, while
 * the other is digested, which is a chain, and slower than all else. False: its turn has to be awaited.
 */
static bool find_place(struct page_queue *queue, size_t index)
{
	struct queued_entry *entry = entry_at(queue, index);
	const struct queued_entry *before;

	if (entry->place != PLACE_UNKNOWN)
		return true;
	if (!index || !queue->sink.ahead || entry->n_frames < AHEAD_FRAMES)
		return false;
	before = entry_at(queue, index - 1);
	if (before->place == PLACE_UNKNOWN || before->again || !is_trusted(queue, before) ||
	    !same_folder(before->name, entry->name))
		return false;
	entry->place = queue->sink.ahead->behind(before->place, expected_size(before));
	return true;
}

/* In order. Its end waits for the digest. */
static bool take_write(struct page_queue *queue, struct queued_entry *entry, bool turn,
		       struct task *task)
{
	bool before = queue->streaming || all_made(entry);
	bool ahead = !turn && entry->place != PLACE_UNKNOWN;
	size_t count = before && entry->made > entry->written;
	bool ends = turn && entry->written + count == entry->n_frames + 1 &&
		    (!queue->digests || entry->digested == entry->n_frames + 1);

	if (entry->writing || (!turn && !ahead) || (!count && !ends))
		return false;
	*task = (struct task){ TASK_WRITE, entry, .first = entry->written, .count = count };
	task->ahead = ahead;
	task->ends = ends;
	task->begins = turn && !entry->begun;
	if (task->begins || ends)
		task->size = entry_size(queue, entry);
	entry->writing = true;
	queue->writing++;
	return true;
}

static bool take_digest(struct page_queue *queue, struct queued_entry *entry, struct task *task)
{
	if (!queue->digests || entry->digesting || entry->made == entry->digested)
		return false;
	*task = (struct task){ TASK_DIGEST, entry, .first = entry->digested, .count = 1 };
	entry->digesting = true;
	return true;
}

static bool take_frame(struct page_queue *queue, struct queued_entry *entry, unsigned worker,
		       struct task *task)
{
	uint8_t *cell;

	if (entry->next == entry->n_frames)
		return false;
	cell = page_cell_take(&queue->cells, worker);
	if (!cell)
		return false;
	*task = (struct task){ TASK_FRAME, entry, .first = entry->next++, .cell = cell };
	return true;
}

/* All before it have ended. */
static bool has_turn(struct page_queue *queue, size_t index)
{
	return (!index || entry_at(queue, index - 1)->ended) && !entry_at(queue, index)->ended;
}

static bool take_of(struct page_queue *queue, size_t index, unsigned worker, struct task *task)
{
	struct queued_entry *entry = entry_at(queue, index);

	if (entry->again || entry->ended)
		return false;
	/* Who writes to a file keeps others from it who want that, too. */
	return (!queue->writing && take_write(queue, entry, has_turn(queue, index), task)) ||
	       take_digest(queue, entry, task) ||
	       take_write(queue, entry, has_turn(queue, index), task) ||
	       take_frame(queue, entry, worker, task);
}

/* Its own one first, because what it has made of that is in its caches. */
static bool take_own(struct page_queue *queue, unsigned worker, struct task *task)
{
	for (size_t i = 0; i < queue->n_entries; i++)
		if (entry_at(queue, i)->owner == worker + 1 && take_of(queue, i, worker, task))
			return true;
	return false;
}

static bool take_new(struct page_queue *queue, unsigned worker, struct task *task)
{
	for (size_t i = 0; i < queue->n_entries; i++) {
		struct queued_entry *entry = entry_at(queue, i);

		if (entry->owner || entry->ended ||
		    (!has_turn(queue, i) && !find_place(queue, i)) ||
		    !take_of(queue, i, worker, task))
			continue;
		entry->owner = worker + 1;
		return true;
	}
	return false;
}

/* Frames are taken in order over all entries, so that the first that is missing always has a cell. */
static bool take_any(struct page_queue *queue, unsigned worker, struct task *task)
{
	for (size_t i = 0; i < queue->n_entries; i++)
		if (take_of(queue, i, worker, task))
			return true;
	return false;
}

bool page_queue_take(struct page_queue *queue, unsigned worker, struct task *ret_task)
{
	if (!take_own(queue, worker, ret_task) && !take_new(queue, worker, ret_task) &&
	    !take_any(queue, worker, ret_task))
		return false;
	ret_task->worker = worker;
	ret_task->entry->busy++;
	return true;
}

static void release_cells(struct page_queue *queue, struct queued_entry *entry, unsigned worker)
{
	size_t used = entry->written;

	if (queue->digests && entry->digested < used)
		used = entry->digested;
	for (; entry->released < used && entry->released < entry->n_frames; entry->released++)
		page_cell_give(&queue->cells, entry->parts[entry->released].iov_base, worker);
}

static void frame_done(struct page_queue *queue, struct queued_entry *entry,
		       const struct task *task)
{
	if (task->result < 0) {
		page_cell_give(&queue->cells, task->cell, task->worker);
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
	release_cells(queue, entry, task->worker);
}

/*
 * Somebody may still work at them, and write to a place that was foreseen. That does no harm: entries turn out smaller than they seem, never larger, so what
 * was foreseen lies behind all that is written before such an entry is begun.
 */
static void make_again(struct page_queue *queue, const struct queued_entry *first)
{
	bool from = false;

	for (size_t i = 0; i < queue->n_entries; i++) {
		struct queued_entry *entry = entry_at(queue, i);

		from = from || entry == first;
		entry->again = from;
	}
}

static void write_done(struct page_queue *queue, struct queued_entry *entry,
		       const struct task *task)
{
	bool misplaced = task_misplaced(task);

	entry->writing = false;
	queue->writing--;
	if (task->result < 0)
		return;
	if (task->begins) {
		entry->begun = true;
		entry->place = task->place;
	}
	if (misplaced) {
		queue->doubt = queue->doubt < DOUBT_MAX / 4 ? queue->doubt * 4 : DOUBT_MAX;
		make_again(queue, entry);
		return;
	}
	if (task->count)
		entry->bytes += entry->parts[entry->written].iov_len;
	entry->written += task->count;
	entry->ended = task->ends;
	if (entry->ended && queue->doubt > DOUBT_MIN && is_raw(entry))
		queue->doubt /= 2;
	release_cells(queue, entry, task->worker);
}

typedef void done_fn(struct page_queue *queue, struct queued_entry *entry, const struct task *task);
static done_fn *const dones[] = {
	[TASK_WRITE] = write_done,
	[TASK_DIGEST] = digest_done,
	[TASK_FRAME] = frame_done,
};

/* Nothing is known of it any more, and what is in cells is lost. */
static void forget(struct page_queue *queue, struct queued_entry *entry, unsigned worker)
{
	for (size_t i = entry->released; i < entry->n_frames; i++)
		if (entry->frames[i].size)
			page_cell_give(&queue->cells, entry->parts[i].iov_base, worker);
	if (!entry->begun)
		entry->place = PLACE_UNKNOWN;
	start_over(entry);
}

void page_queue_done(struct page_queue *queue, const struct task *task)
{
	task->entry->busy--;
	dones[task->kind](queue, task->entry, task);
	for (size_t i = 0; i < queue->n_entries; i++) {
		struct queued_entry *entry = entry_at(queue, i);

		if (entry->again && !entry->busy)
			forget(queue, entry, task->worker);
	}
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
	queue->oldest = (queue->oldest + 1) % QUEUE_MAX;
	queue->n_entries--;
}
