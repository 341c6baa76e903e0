/* SPDX-License-Identifier: MIT */
/* Which pieces of work can be taken while others are not done: the digest of an entry keeps others waiting only where memory is to be saved. */
#include "format/pages_queue.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "tests/unit/test.h"

#include <string.h>

enum { SIZE = 64 << 20, ENTRIES = 2 };

static int read_noise(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	(void)err;
	memset(buffer, (int)(offset >> 18), size);
	*(unsigned *)context += 1;
	return 0;
}

static int begin(void *context, const char *name, uint64_t size, struct err *err)
{
	(void)context;
	(void)name;
	(void)size;
	(void)err;
	return 0;
}

static int write_parts(void *context, const struct iovec *parts, size_t n, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < n; i++)
		*(size_t *)context += parts[i].iov_len;
	return 0;
}

static int end(void *context, const struct page_entry *entry, struct err *err)
{
	(void)context;
	(void)err;
	CHECK(entry->digest && entry->size > SIZE);
	return 0;
}

struct world {
	struct page_queue queue;
	struct frame_maker maker;
	unsigned reads;
	size_t written;
};

static void make(struct world *world, unsigned threads)
{
	const struct page_writer_options options = { .threads = threads, .digests = true };
	const struct page_sink sink = { .any_size = true,
					.begin = begin,
					.write = write_parts,
					.end = end,
					.context = &world->written };
	const struct page_source source = { read_noise, &world->reads };
	struct err err = { 0 };

	page_queue_init(&world->queue, &options, &sink);
	CHECK(frame_maker_init(&world->maker, PAGES_LEVEL_NONE, &err) == 0);
	for (unsigned i = 0; i < ENTRIES; i++)
		CHECK(page_queue_add(&world->queue, "entry", &source, SIZE, NULL, &err) == 0, "%s",
		      err.msg);
}

static void finish(struct world *world, const struct task *held)
{
	struct task task = *held;

	task_do(&world->queue, &task, &world->maker);
	page_queue_done(&world->queue, &task);
	while (page_queue_take(&world->queue, &task)) {
		task_do(&world->queue, &task, &world->maker);
		page_queue_done(&world->queue, &task);
	}
	for (unsigned i = 0; i < ENTRIES; i++) {
		CHECK(page_queue_oldest(&world->queue)->ended);
		page_queue_drop(&world->queue);
	}
	CHECK(world->reads >= ENTRIES * SIZE / PAGES_FRAME_SIZE && world->written > ENTRIES * SIZE);
	page_queue_free(&world->queue);
	frame_maker_done(&world->maker);
}

/* Somebody has taken the first digest and is not done with it; what can be done without? */
static void test_held(unsigned threads, bool others)
{
	struct world world = { 0 };
	const struct queued_entry *first;
	struct task task, held = { 0 };
	bool second_digested = false;

	make(&world, threads);
	first = page_queue_oldest(&world.queue);
	while (page_queue_take(&world.queue, &task)) {
		if (task.kind == TASK_DIGEST && task.entry == first && !held.entry) {
			held = task;
			continue;
		}
		second_digested |= task.kind == TASK_DIGEST && task.entry != first;
		task_do(&world.queue, &task, &world.maker);
		page_queue_done(&world.queue, &task);
	}
	CHECK(held.entry && second_digested == others);
	CHECK(others ? first->made == first->n_frames + 1 : first->made < 4 * threads + 2);
	finish(&world, &held);
}

int main(void)
{
	test_held(2, false);
	test_held(3, true);
	test_held(16, true);
	return test_done("pages_queue");
}
