/* SPDX-License-Identifier: MIT */
#include "format/pages_task.h"

#include "format/bytes.h"
#include "format/cleanup.h"

#include <string.h>

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

size_t frame_pages(const struct queued_entry *entry, size_t index)
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

static int make_frame(const struct page_sink *sink, bool digests, struct task *task,
		      struct frame_maker *maker)
{
	ssize_t n;

	(void)sink;
	(void)digests;
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

static int digest_part(const struct page_sink *sink, bool digests, struct task *task,
		       struct frame_maker *maker)
{
	struct queued_entry *entry = task->entry;

	(void)sink;
	(void)digests;
	(void)maker;
	digest_update(&entry->state, entry->parts[task->first].iov_base,
		      entry->parts[task->first].iov_len);
	if (task->first == entry->n_frames)
		digest_final(&entry->state, &entry->digest);
	return 0;
}

/* Also what is there of it already. */
static int begin(const struct page_sink *sink, struct task *task)
{
	const struct queued_entry *entry = task->entry;

	if (sink->begin(sink->context, entry->name, task->size, &task->err) < 0)
		return -1;
	task->place = sink->ahead ? sink->ahead->place(sink->context) : PLACE_UNKNOWN;
	if (task_misplaced(task) || !entry->bytes)
		return 0;
	return sink->ahead->skip(sink->context, entry->bytes, &task->err);
}

bool task_misplaced(const struct task *task)
{
	return task->begins && task->entry->place != PLACE_UNKNOWN &&
	       task->entry->place != task->place;
}

static int write_part(const struct page_sink *sink, bool digests, struct task *task,
		      struct frame_maker *maker)
{
	const struct queued_entry *entry = task->entry;
	const struct iovec *part = &entry->parts[task->first];
	const struct page_entry facts = {
		.name = entry->name,
		.page_size = entry->size,
		.size = task->size,
		.digest = digests ? &entry->digest : NULL,
	};

	(void)maker;
	if (task->ahead)
		return sink->ahead->write(sink->context, entry->place + entry->bytes, part,
					  task->count, &task->err);
	if (task->begins && begin(sink, task) < 0)
		return -1;
	if (task_misplaced(task))
		return 0;
	if (task->count && sink->write(sink->context, part, task->count, &task->err) < 0)
		return -1;
	return task->ends ? sink->end(sink->context, &facts, &task->err) : 0;
}

typedef int task_fn(const struct page_sink *sink, bool digests, struct task *task,
		    struct frame_maker *maker);
static task_fn *const doing[] = {
	[TASK_WRITE] = write_part,
	[TASK_DIGEST] = digest_part,
	[TASK_FRAME] = make_frame,
};

void task_do(const struct page_sink *sink, bool digests, struct task *task,
	     struct frame_maker *maker)
{
	task->result = doing[task->kind](sink, digests, task, maker);
}
