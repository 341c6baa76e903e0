/* SPDX-License-Identifier: MIT */
/* Page data decoded by several threads: every page once, in its place, and nothing damaged passes. */
#include "format/pages_pool.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "tests/images/entry_bytes.h"
#include "tests/unit/test.h"

#include <stdatomic.h>
#include <zstd.h>

enum {
	SIZE = 9 * PAGES_FRAME_SIZE + 3 * 4096,
	ENTRIES = 5,
};

struct memory {
	const uint8_t *data;
	size_t size;
};

static int memory_read(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	const struct memory *memory = context;

	if (offset > memory->size || size > memory->size - offset)
		return err_set(err, ERR_IO, "read past the end");
	memcpy(buffer, memory->data + offset, size);
	return 0;
}

/* Text and noise by frames, so that some compress and some do not. */
static void fill(uint8_t *data, size_t size)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = i / PAGES_FRAME_SIZE % 2
				  ? (uint8_t)x
				  : (uint8_t)("hello world, pages "[i % 19] + (x % 61 == 0));
	}
}

/* What a job has put. */
struct got {
	struct memory entry;
	uint8_t pages[SIZE];
	atomic_size_t bytes;
	atomic_int done;
	size_t refuse_at; /* the offset from which on nothing is taken; 0: none */
	size_t skip;	  /* frames that begin below are not wanted */
};

static int put(void *context, uint64_t offset, const void *pages, size_t size, struct err *err)
{
	struct got *got = context;

	if (got->refuse_at && offset >= got->refuse_at)
		return err_set(err, ERR_GONE, "no place for %llu", (unsigned long long)offset);
	memcpy(got->pages + offset, pages, size);
	got->bytes += size;
	return 0;
}

static bool wanted(void *context, uint64_t offset, size_t size)
{
	(void)size;
	return offset >= ((struct got *)context)->skip;
}

static void done(void *context)
{
	((struct got *)context)->done++;
}

static struct page_job job_of(struct got *got, const uint8_t *entry, size_t entry_size, size_t size)
{
	got->entry = (struct memory){ entry, entry_size };
	got->bytes = 0;
	got->done = 0;
	memset(got->pages, 0x55, SIZE);
	return (struct page_job){
		{ memory_read, &got->entry }, entry_size, size, wanted, put, done, got, "the entry"
	};
}

static uint8_t *make(int level, const uint8_t *pages, size_t size, size_t *ret_size)
{
	struct memory memory = { pages, size };
	struct page_source source = { memory_read, &memory };
	struct err err = { 0 };
	uint8_t *entry = entry_bytes(level, &source, size, ret_size, &err);

	CHECK(entry, "%s", err.msg);
	return entry;
}

/* One entry through a pool of its own. */
static int pour(unsigned threads, struct got *got, const uint8_t *entry, size_t entry_size,
		size_t size, struct err *err)
{
	struct page_job job = job_of(got, entry, entry_size, size);
	struct page_pool *pool = NULL;
	int ret;

	CHECK(page_pool_new(threads, &pool, err) == 0);
	ret = page_pool_add(pool, &job, err);
	if (ret == 0)
		ret = page_pool_wait(pool, 0, err);
	page_pool_free(pool);
	CHECK(got->done == 1, "done was called %d times", got->done);
	return ret;
}

static void check_many(int level, unsigned threads, const uint8_t *pages)
{
	size_t entry_size;
	_cleanup_free_ uint8_t *entry = make(level, pages, SIZE, &entry_size);
	struct got *got = calloc(ENTRIES, sizeof(*got));
	struct page_pool *pool = NULL;
	struct err err = { 0 };

	CHECK(page_pool_new(threads, &pool, &err) == 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < ENTRIES; i++) {
			struct page_job job = job_of(&got[i], entry, entry_size, SIZE);

			CHECK(page_pool_add(pool, &job, &err) == 0, "%s", err.msg);
			if (round == 1)
				CHECK(page_pool_wait(pool, 1, &err) == 0, "%s", err.msg);
		}
		CHECK(page_pool_wait(pool, 0, &err) == 0, "%s", err.msg);
		for (int i = 0; i < ENTRIES; i++) {
			CHECK(got[i].bytes == SIZE && got[i].done == 1);
			CHECK(memcmp(got[i].pages, pages, SIZE) == 0, "entry %d", i);
		}
	}
	page_pool_free(pool);
	free(got);
}

/* As somebody's zstd makes it: no table, one frame. */
static void check_foreign(struct got *got, const uint8_t *pages)
{
	size_t capacity = ZSTD_compressBound(SIZE), n;
	_cleanup_free_ uint8_t *entry = malloc(capacity);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct err err = { 0 };

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(zstd, entry, capacity, pages, SIZE);
	ZSTD_freeCCtx(zstd);
	CHECK(pour(2, got, entry, n, SIZE, &err) == 0, "%s", err.msg);
	CHECK(got->bytes == SIZE && memcmp(got->pages, pages, SIZE) == 0);
	CHECK(pour(2, got, entry, n, SIZE - 4096, &err) < 0 && err.code == ERR_IMAGE);
	CHECK(pour(2, got, entry, n, SIZE + 4096, &err) < 0 && err.code == ERR_IMAGE);
	CHECK(pour(2, got, entry, n - 1, SIZE, &err) < 0 && err.code == ERR_IMAGE);
	entry[n / 2] ^= 1;
	CHECK(pour(2, got, entry, n, SIZE, &err) < 0 && err.code == ERR_IMAGE);
}

/* A bit of every frame and all bits of the table. What passes all the same has the right pages. */
static void check_damage(int level, struct got *got, const uint8_t *pages)
{
	size_t entry_size, table = page_table_size(10), passed = 0;
	_cleanup_free_ uint8_t *entry = make(level, pages, SIZE, &entry_size);
	struct err err = { 0 };

	for (size_t i = 0; i < entry_size; i += i < entry_size - table ? 9973 : 1) {
		entry[i] ^= 1 << i % 8;
		err = (struct err){ 0 };
		if (pour(1 + i % 3, got, entry, entry_size, SIZE, &err) < 0)
			CHECK(err.code == ERR_IMAGE, "byte %zu: %s", i, err.msg);
		else
			passed++;
		CHECK(err.code || memcmp(got->pages, pages, SIZE) == 0, "byte %zu", i);
		entry[i] ^= 1 << i % 8;
	}
	/* Of the table the magic number may go: then it is read in order. */
	CHECK(passed <= 8, "%zu bits may change", passed);
	/* Cut off at every byte: tests/unit/pages.c. */
	for (size_t n = 0; n < entry_size; n += 16381)
		CHECK(pour(2, got, entry, n, SIZE, &err) < 0, "cut at %zu", n);
}

/* Frames that belong there, in another order: each is right by itself. */
static void check_swapped(struct got *got, const uint8_t *pages)
{
	size_t entry_size, frame = PAGES_FRAME_MAX;
	_cleanup_free_ uint8_t *entry = make(PAGES_LEVEL_NONE, pages, SIZE, &entry_size);
	_cleanup_free_ uint8_t *first = malloc(frame);
	struct err err = { 0 };

	memcpy(first, entry, frame);
	memcpy(entry, entry + frame, frame);
	memcpy(entry + frame, first, frame);
	CHECK(pour(2, got, entry, entry_size, SIZE, &err) < 0 && err.code == ERR_IMAGE);
	CHECK_STR(err.msg, "the entry: a frame is not the one in the seek table");
}

/* The message is that of the first frame, whatever is finished first; and nothing hangs. */
static void check_errors(struct got *got, const uint8_t *pages)
{
	size_t entry_size;
	_cleanup_free_ uint8_t *entry = make(1, pages, SIZE, &entry_size);
	struct page_pool *pool = NULL;
	struct err err = { 0 };
	struct page_job job;

	got->refuse_at = 4 * PAGES_FRAME_SIZE;
	for (int i = 0; i < 20; i++) {
		CHECK(pour(4, got, entry, entry_size, SIZE, &err) < 0);
		CHECK_STR(err.msg, "the entry: no place for 1048576");
	}
	got->refuse_at = 0;
	got->skip = 3 * PAGES_FRAME_SIZE;
	CHECK(pour(2, got, entry, entry_size, SIZE, &err) == 0 &&
	      got->bytes == SIZE - 3 * PAGES_FRAME_SIZE);
	got->skip = 0;
	CHECK(pour(2, got, entry, entry_size, SIZE - 4096, &err) < 0 && err.code == ERR_IMAGE);
	job = job_of(got, entry, entry_size, SIZE);
	CHECK(page_pool_new(3, &pool, &err) == 0 && page_pool_add(pool, &job, &err) == 0);
	page_pool_free(pool);
	CHECK(got->done == 1);
}

int main(void)
{
	_cleanup_free_ uint8_t *pages = malloc(SIZE);
	_cleanup_free_ struct got *got = calloc(1, sizeof(*got));

	fill(pages, SIZE);
	for (unsigned threads = 1; threads < 5; threads++) {
		check_many(PAGES_LEVEL_NONE, threads, pages);
		check_many(1, threads, pages);
	}
	check_foreign(got, pages);
	check_damage(PAGES_LEVEL_NONE, got, pages);
	check_damage(1, got, pages);
	check_swapped(got, pages);
	check_errors(got, pages);
	return test_done("pages_pool");
}
