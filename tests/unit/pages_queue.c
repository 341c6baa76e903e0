/* SPDX-License-Identifier: MIT */
/* Which pieces of work can be taken while others are not done, and that entries written ahead of their turn stand where they belong in the end. */
#include "format/pages_queue.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "tests/unit/test.h"

#include <string.h>

enum { FRAMES = 32, SIZE = FRAMES * PAGES_FRAME_SIZE, HEAD = 16, ENTRIES = 3, ROOM = 64 << 20 };

/* A file of entries, each behind a head of so many bytes. */
struct store {
	uint8_t *bytes;
	uint64_t position, end;
	uint64_t ahead, skipped;
	unsigned begun;
};

static int begin(void *context, const char *name, uint64_t size, struct err *err)
{
	struct store *store = context;

	(void)size;
	(void)err;
	store->begun++;
	memset(store->bytes + store->position, 0, HEAD);
	strcpy((char *)store->bytes + store->position, name);
	store->position += HEAD;
	return 0;
}

static int put(void *context, uint64_t place, const struct iovec *parts, size_t n, struct err *err)
{
	struct store *store = context;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		memcpy(store->bytes + place, parts[i].iov_base, parts[i].iov_len);
		place += parts[i].iov_len;
	}
	return 0;
}

static int put_ahead(void *context, uint64_t place, const struct iovec *parts, size_t n,
		     struct err *err)
{
	((struct store *)context)->ahead += parts[0].iov_len;
	return put(context, place, parts, n, err);
}

static int skip(void *context, uint64_t size, struct err *err)
{
	struct store *store = context;

	(void)err;
	store->position += size;
	store->skipped += size;
	return 0;
}

static int write_parts(void *context, const struct iovec *parts, size_t n, struct err *err)
{
	struct store *store = context;

	put(context, store->position, parts, n, err);
	for (size_t i = 0; i < n; i++)
		store->position += parts[i].iov_len;
	return 0;
}

static int end(void *context, const struct page_entry *entry, struct err *err)
{
	const struct store *store = context;
	const uint8_t *data = store->bytes + store->position - entry->size;
	struct digest digest;

	(void)err;
	CHECK(strncmp((const char *)data - HEAD, entry->name, HEAD) == 0);
	digest_of(data, entry->size, &digest);
	CHECK(memcmp(&digest, entry->digest, sizeof(digest)) == 0, "%s", entry->name);
	return 0;
}

static uint64_t place(void *context)
{
	return ((struct store *)context)->position;
}

static uint64_t behind(uint64_t at, uint64_t size)
{
	return at + size + HEAD;
}

/* Noise, and from one frame on zeros. */
struct noise {
	uint64_t until;
	unsigned reads;
};

static int read_noise(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	struct noise *noise = context;
	uint64_t x = offset + 1;

	(void)err;
	noise->reads++;
	memset(buffer, 0, size);
	for (size_t i = 0; offset < noise->until && i < size / sizeof(x); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy((uint8_t *)buffer + i * sizeof(x), &x, sizeof(x));
	}
	return 0;
}

struct world {
	struct page_queue queue;
	struct frame_maker maker;
	struct noise noise[ENTRIES];
	struct store store;
};

static const char *const near[ENTRIES] = { "a", "b", "c" }, *const far[ENTRIES] = { "a", "b",
										    "d/c" };

static void make_named(struct world *world, unsigned threads, bool foresees, int level,
		       const char *const names[ENTRIES])
{
	static const struct page_ahead ahead = { put_ahead, place, behind, skip };
	const struct page_writer_options options = { threads, level, true };
	const struct page_sink sink = {
		true, begin, write_parts, end, NULL, &world->store, foresees ? &ahead : NULL
	};
	struct err err = { 0 };

	world->store.bytes = calloc(1, ROOM);
	CHECK(world->store.bytes != NULL);
	page_queue_init(&world->queue, &options, &sink);
	CHECK(frame_maker_init(&world->maker, level, &err) == 0);
	for (unsigned i = 0; i < ENTRIES; i++) {
		const struct page_source source = { read_noise, &world->noise[i] };

		CHECK(page_queue_add(&world->queue, names[i], &source, SIZE, NULL, &err) == 0, "%s",
		      err.msg);
	}
}

static void make(struct world *world, unsigned threads, bool foresees, int level)
{
	make_named(world, threads, foresees, level, near);
}

static void finish_task(struct world *world, struct task *task)
{
	task_do(&world->queue.sink, world->queue.digests, task, &world->maker);
	CHECK(task->result == 0, "%s", task->err.msg);
	page_queue_done(&world->queue, task);
}

/* All that a worker finds to do. */
static void work(struct world *world, unsigned worker)
{
	struct task task;

	while (page_queue_take(&world->queue, worker, &task))
		finish_task(world, &task);
}

static void finish(struct world *world)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		CHECK(page_queue_oldest(&world->queue)->ended);
		page_queue_drop(&world->queue);
	}
	CHECK(world->store.begun == ENTRIES);
	world->store.end = world->store.position;
	page_queue_free(&world->queue);
	frame_maker_done(&world->maker);
}

/* As one thread makes it. */
static void check_store(const struct world *world, int level)
{
	struct world plain = { 0 };

	memcpy(plain.noise, world->noise, sizeof(plain.noise));
	make(&plain, 2, false, level);
	work(&plain, 0);
	finish(&plain);
	CHECK(plain.store.end == world->store.end, "%llu, not %llu",
	      (unsigned long long)world->store.end, (unsigned long long)plain.store.end);
	CHECK(memcmp(plain.store.bytes, world->store.bytes, plain.store.end) == 0);
	free(plain.store.bytes);
}

/* A worker does something `count` times, and is interrupted when it has taken the next of that kind. */
static struct task hold(struct world *world, unsigned worker, enum task_kind kind, unsigned count)
{
	struct task task;

	while (page_queue_take(&world->queue, worker, &task)) {
		if (task.kind == kind && count-- == 0)
			return task;
		finish_task(world, &task);
	}
	CHECK(false, "there was nothing more to do");
	return task;
}

static struct world world_of(uint64_t first, uint64_t second, uint64_t third)
{
	return (struct world){ .noise = { { .until = first * PAGES_FRAME_SIZE },
					  { .until = second * PAGES_FRAME_SIZE },
					  { .until = third * PAGES_FRAME_SIZE } } };
}

/* The digest of an entry keeps all others waiting, where none can be written ahead. */
static void test_in_order(void)
{
	struct world world = world_of(FRAMES, FRAMES, FRAMES);
	struct task held;

	make(&world, 2, false, 1);
	held = hold(&world, 0, TASK_DIGEST, 20);
	work(&world, 1);
	CHECK(world.noise[0].reads / 2 < 20 + 10 && world.noise[1].reads == 0, "%u",
	      world.noise[0].reads);
	finish_task(&world, &held);
	work(&world, 1);
	finish(&world);
	free(world.store.bytes);
}

/* Where its beginning lets think that the first will be of a certain size, others are all done meanwhile, but for their turn. */
static void test_ahead(int level, unsigned frames)
{
	struct world world = world_of(FRAMES, FRAMES, 0);
	const struct page_queue *queue = &world.queue;
	struct task held;

	make(&world, 2, true, level);
	held = hold(&world, 0, TASK_DIGEST, frames);
	work(&world, 1);
	CHECK(world.store.begun == 1 && !queue->entries[0].ended);
	CHECK(queue->entries[1].digested == FRAMES + 1 && queue->entries[1].written == FRAMES + 1);
	CHECK(queue->entries[2].digested == FRAMES + 1 && queue->entries[2].written == FRAMES + 1);
	finish_task(&world, &held);
	work(&world, 0);
	finish(&world);
	CHECK(world.store.ahead && world.store.skipped == world.store.ahead);
	check_store(&world, level);
	free(world.store.bytes);
}

/* Of too few frames nothing is concluded, and of compressed ones neither. */
static void test_no_bet(unsigned noise, unsigned frames)
{
	struct world world = world_of(noise, FRAMES, FRAMES);
	struct task held;

	make(&world, 2, true, 1);
	held = hold(&world, 0, TASK_FRAME, frames);
	work(&world, 1);
	CHECK(world.store.ahead == 0 && world.noise[1].reads == 0);
	finish_task(&world, &held);
	work(&world, 0);
	finish(&world);
	check_store(&world, 1);
	free(world.store.bytes);
}

/* A bet that is lost: what was written ahead is made once more. */
static void test_mistake(void)
{
	struct world world = world_of(20, FRAMES, FRAMES);
	struct task held;
	unsigned reads;

	make(&world, 3, true, 1);
	held = hold(&world, 0, TASK_FRAME, 19);
	work(&world, 1);
	reads = world.noise[1].reads;
	CHECK(world.queue.entries[1].written == FRAMES + 1);
	CHECK(world.queue.entries[2].written == FRAMES + 1);
	finish_task(&world, &held);
	work(&world, 0);
	finish(&world);
	CHECK(world.noise[1].reads == 2 * reads);
	/* One mistake, and two entries that were what they seemed. */
	CHECK(world.queue.doubt == 4 * 2 / 4, "%zu", world.queue.doubt);
	check_store(&world, 1);
	free(world.store.bytes);
}

/* The same while a part of the second is still in somebody's hands, who knows nothing of it: the third is in those of another. */
static void test_mistake_while_busy(enum task_kind kind)
{
	struct world world = world_of(20, FRAMES, FRAMES);
	struct task held, second, third;

	make(&world, 3, true, 1);
	held = hold(&world, 0, TASK_FRAME, 19);
	second = hold(&world, 1, kind, 25);
	third = hold(&world, 2, kind, 10);
	CHECK(second.entry == &world.queue.entries[1] && third.entry == &world.queue.entries[2]);
	finish_task(&world, &held);
	work(&world, 0);
	CHECK(world.queue.entries[0].ended && !world.queue.entries[1].ended);
	finish_task(&world, &second);
	work(&world, 0);
	CHECK(world.queue.entries[1].ended && !world.queue.entries[2].ended);
	finish_task(&world, &third);
	work(&world, 0);
	finish(&world);
	check_store(&world, 1);
	free(world.store.bytes);
}

/* Frames of a third one, which nobody can write yet, have all the memory when the second has to be made once more. */
static void test_mistake_without_room(void)
{
	struct world world = world_of(FRAMES - 3, FRAMES, FRAMES);
	struct task held;

	make_named(&world, 2, true, 1, far);
	held = hold(&world, 0, TASK_DIGEST, FRAMES - 5);
	work(&world, 1);
	CHECK(world.queue.entries[1].written == FRAMES + 1);
	finish_task(&world, &held);
	held = hold(&world, 0, TASK_DIGEST, 4);
	CHECK(held.first == FRAMES);
	work(&world, 1);
	CHECK(world.noise[2].reads == 2 * 8 && world.queue.cells.n_free == 0);
	finish_task(&world, &held);
	work(&world, 0);
	finish(&world);
	/* One mistake, and two entries that were what they seemed. */
	CHECK(world.queue.doubt == 4 * 2 / 4, "%zu", world.queue.doubt);
	free(world.store.bytes);
}

int main(void)
{
	test_in_order();
	test_ahead(1, 20);
	/* Sizes are known before. */
	test_ahead(PAGES_LEVEL_NONE, 2);
	test_no_bet(FRAMES, 3);
	test_no_bet(0, 20);
	test_mistake();
	test_mistake_while_busy(TASK_FRAME);
	test_mistake_while_busy(TASK_DIGEST);
	test_mistake_while_busy(TASK_WRITE);
	test_mistake_without_room();
	return test_done("pages_queue");
}
