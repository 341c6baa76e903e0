/* SPDX-License-Identifier: MIT */
/* Page data: the same bytes whatever the number of threads, back again in every way, and nothing
 * damaged passes. */
#include "format/pages.h"
#include "format/cleanup.h"
#include "format/digest.h"
#include "format/err.h"
#include "tests/unit/test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

enum {
	SIZE = 9 * PAGES_FRAME_SIZE + 3 * 4096,
};

struct memory {
	const uint8_t *data;
	size_t size;
	size_t at;
	size_t step; /* of the stream: how much a read gives at most */
	uint64_t fails_at;
	unsigned released;
};

static int memory_read(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	struct memory *memory = context;

	if (memory->fails_at && offset >= memory->fails_at)
		return err_set(err, ERR_GONE, "no page at %llu", (unsigned long long)offset);
	if (offset > memory->size || size > memory->size - offset)
		return err_set(err, ERR_IO, "read past the end");
	memcpy(buffer, memory->data + offset, size);
	return 0;
}

static ssize_t memory_stream(void *context, void *buffer, size_t size, struct err *err)
{
	struct memory *memory = context;
	size_t left = memory->size - memory->at;

	(void)err;
	size = size < left ? size : left;
	if (memory->step && size > memory->step)
		size = memory->step;
	memcpy(buffer, memory->data + memory->at, size);
	memory->at += size;
	return (ssize_t)size;
}

/* A mix: text, noise and zeros by frames, so that some compress and some do not. */
static void fill(uint8_t *data, size_t size)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		switch (i / PAGES_FRAME_SIZE % 3) {
		case 0:
			data[i] = (uint8_t)("hello world, pages "[i % 19] + (x % 61 == 0));
			break;
		case 1:
			data[i] = (uint8_t)x;
			break;
		default:
			data[i] = 0;
		}
	}
}

/* The pages of an entry, read in pieces of `piece`; <0 when it is refused. */
static ssize_t read_all(const uint8_t *entry, size_t entry_size, size_t step, size_t piece,
			uint8_t *ret_pages, size_t size, struct err *err)
{
	struct memory memory = { .data = entry, .size = entry_size, .step = step };
	struct page_stream stream = { memory_stream, &memory };
	struct page_reader *reader = NULL;
	size_t done = 0;
	ssize_t n = 0;

	if (page_reader_new(&reader, err) < 0)
		return -1;
	page_reader_start(reader, &stream);
	while (done < size) {
		n = page_reader_read(reader, ret_pages + done,
				     piece < size - done ? piece : size - done, err);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (n >= 0)
		n = page_reader_end(reader, err);
	page_reader_free(reader);
	return n < 0 ? -1 : (ssize_t)done;
}

static void check_order(const uint8_t *entry, size_t entry_size, const uint8_t *pages, size_t size)
{
	static const size_t pieces[] = { 4096, 12288, PAGES_FRAME_SIZE, 1000000, SIZE };
	static const size_t steps[] = { 0, 1, 4093, 65536 };
	_cleanup_free_ uint8_t *got = malloc(size);
	struct err err = { 0 };

	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 4; k++) {
			if (steps[k] == 1 && i > 0)
				continue;
			memset(got, 0x55, size);
			CHECK(read_all(entry, entry_size, steps[k], pieces[i], got, size, &err) ==
				      (ssize_t)size,
			      "%s", err.msg);
			CHECK(memcmp(got, pages, size) == 0);
		}
	CHECK(read_all(entry, entry_size, 0, 4096, got, size - 4096, &err) < 0);
	CHECK(err.code == ERR_IMAGE && strstr(err.msg, "more pages"), "%s", err.msg);
}

static void check_places(const uint8_t *entry, size_t entry_size, const uint8_t *pages, size_t size)
{
	static const size_t places[][2] = { { 0, 16 },	     { SIZE - 16, 16 },	 { 4096, 4096 },
					    { 262100, 300 }, { 262144, 524289 }, { 1, 1 } };
	struct memory memory = { .data = entry, .size = entry_size };
	struct page_source source = { memory_read, &memory };
	_cleanup_free_ uint8_t *got = malloc(size);
	struct page_file *file = NULL;
	struct err err = { 0 };

	CHECK(page_file_open(&source, entry_size, &file, &err) == 0, "%s", err.msg);
	for (size_t i = 0; file && i < sizeof(places) / sizeof(places[0]); i++) {
		CHECK(page_file_read(file, places[i][0], got, places[i][1], &err) == 0, "%s",
		      err.msg);
		CHECK(memcmp(got, pages + places[i][0], places[i][1]) == 0, "place %zu", i);
	}
	CHECK(page_file_read(file, size - 1, got, 2, &err) < 0 && err.code == ERR_IMAGE);
	CHECK(page_file_read(file, 2 * size, got, 1, &err) < 0 && err.code == ERR_IMAGE);
	CHECK(page_file_read(file, UINT64_MAX, got, 2, &err) < 0 && err.code == ERR_IMAGE);
	CHECK(page_file_read(file, 0, got, 4096, &err) == 0 && memcmp(got, pages, 4096) == 0);
	page_file_free(file);
}

static void check_table(const uint8_t *entry, size_t entry_size, const uint8_t *pages, size_t size)
{
	struct memory memory = { .data = entry, .size = entry_size };
	struct page_source source = { memory_read, &memory };
	struct page_table table = { 0 };
	struct page_coder *coder = NULL;
	static uint8_t got[PAGES_FRAME_SIZE];
	struct err err = { 0 };

	CHECK(page_table_read(&source, entry_size, &table, &err) == 1, "%s", err.msg);
	CHECK(table.size == size);
	CHECK(page_coder_new(PAGES_LEVEL_NONE, &coder, &err) == 0);
	for (size_t i = 0; i < table.n_frames; i++) {
		const struct page_frame *row = &table.frames[i];

		CHECK(page_table_decode(row, coder, entry + row->offset, got, &err) == 0, "%s",
		      err.msg);
		CHECK(memcmp(got, pages + row->page_offset, row->page_size) == 0);
	}
	page_coder_free(coder);
	page_table_done(&table);
}

/* Any zstd must read it. */
static void check_plain_zstd(const uint8_t *entry, size_t entry_size, const uint8_t *pages,
			     size_t size)
{
	FILE *pipe;
	_cleanup_free_ uint8_t *got = malloc(size);
	size_t n = ZSTD_decompress(got, size, entry, entry_size);

	CHECK(n == size && memcmp(got, pages, size) == 0);
	if (system("command -v zstd >/dev/null 2>&1") != 0)
		return;
	pipe = popen("zstd -q -t -", "w");
	CHECK(pipe && fwrite(entry, 1, entry_size, pipe) == entry_size);
	CHECK(pipe && pclose(pipe) == 0, "zstd -t");
}

/* The last entry, as a whole. */
struct kept {
	uint8_t *data;
	size_t size;
	uint64_t told, told_pages;
	unsigned count, wrong; /* other threads do not count by CHECK */
	bool digest;
};

static int keep_begin(void *context, const char *name, uint64_t size, struct err *err)
{
	struct kept *kept = context;

	(void)err;
	kept->size = 0;
	kept->told = size;
	kept->wrong += name[0] != (char)('a' + kept->count % 20);
	return 0;
}

static int keep(void *context, const struct iovec *parts, size_t n, struct err *err)
{
	struct kept *kept = context;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		kept->data = realloc(kept->data, kept->size + parts[i].iov_len);
		memcpy(kept->data + kept->size, parts[i].iov_base, parts[i].iov_len);
		kept->size += parts[i].iov_len;
	}
	return 0;
}

static int keep_end(void *context, const struct page_entry *entry, struct err *err)
{
	struct kept *kept = context;
	struct digest digest;

	(void)err;
	digest_of(kept->data, kept->size, &digest);
	kept->wrong += kept->size != entry->size || (kept->told && kept->told != kept->size) ||
		       !entry->digest != !kept->digest ||
		       (entry->digest && memcmp(entry->digest, &digest, sizeof(digest)) != 0);
	kept->count++;
	return 0;
}

static void wrote(void *context, uint64_t page_size)
{
	((struct kept *)context)->told_pages += page_size;
}

static void count(void *context)
{
	((struct memory *)context)->released++;
}

static uint8_t *make_how(bool streams, unsigned threads, int level, const uint8_t *pages,
			 size_t size, size_t *ret_size)
{
	const struct page_writer_options options = { threads, level, threads != 2 };
	struct memory memory = { .data = pages, .size = size };
	struct page_source source = { memory_read, &memory };
	struct kept kept = { .digest = options.digests };
	const struct page_sink sink = { streams, keep_begin, keep, keep_end, wrote, &kept, NULL };
	struct page_writer *writer = NULL;
	struct err err = { 0 };

	CHECK(page_writer_new(&options, &sink, &writer, &err) == 0, "%s", err.msg);
	/* More than are held at a time; those that come last use buffers and threads again. */
	for (unsigned i = 0; i < 8; i++) {
		char name[2] = { (char)('a' + i), '\0' };
		size_t part = i % 2 ? size : 4096;

		CHECK(page_writer_add(writer, name, &source, part, count, &err) == 0, "%s",
		      err.msg);
	}
	CHECK(page_writer_drain(writer, &err) == 0, "%s", err.msg);
	CHECK(kept.wrong == 0 && kept.count == 8 && memory.released == 8 &&
	      kept.told_pages == 4 * (4096 + size));
	page_writer_free(writer);
	*ret_size = kept.size;
	return kept.data;
}

static uint8_t *make(unsigned threads, int level, const uint8_t *pages, size_t size,
		     size_t *ret_size)
{
	return make_how(false, threads, level, pages, size, ret_size);
}

static void check_level(int level, const uint8_t *pages)
{
	size_t one_size, four_size, small_size, streamed_size;
	_cleanup_free_ uint8_t *streamed = make_how(true, 3, level, pages, SIZE, &streamed_size);
	_cleanup_free_ uint8_t *one = make(1, level, pages, SIZE, &one_size);
	_cleanup_free_ uint8_t *four = make(4, level, pages, SIZE, &four_size);
	_cleanup_free_ uint8_t *small = make(2, level, pages, 4096, &small_size);

	CHECK(one_size == four_size && memcmp(one, four, one_size) == 0);
	CHECK(one_size == streamed_size && memcmp(one, streamed, one_size) == 0);
	if (level == PAGES_LEVEL_NONE)
		CHECK(one_size > SIZE && one_size < SIZE + 1000);
	else
		CHECK(one_size < SIZE / 2 && one_size > SIZE / 3);
	check_order(one, one_size, pages, SIZE);
	check_places(one, one_size, pages, SIZE);
	check_table(one, one_size, pages, SIZE);
	check_plain_zstd(one, one_size, pages, SIZE);
	check_table(small, small_size, pages, 4096);
	check_plain_zstd(small, small_size, pages, 4096);
}

/* One big frame without a table, as `zstd` makes it. */
static void check_foreign(const uint8_t *pages)
{
	size_t capacity = ZSTD_compressBound(SIZE), n;
	_cleanup_free_ uint8_t *entry = malloc(capacity);
	_cleanup_free_ uint8_t *got = malloc(SIZE);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	ZSTD_inBuffer first = { pages, 4096, 0 }, rest = { pages + 4096, SIZE - 4096, 0 };
	ZSTD_outBuffer out = { entry, capacity, 0 };
	struct err err = { 0 };

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(zstd, entry, capacity, pages, SIZE);
	check_order(entry, n, pages, SIZE);
	check_places(entry, n, pages, SIZE);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 0);
	n = ZSTD_compress2(zstd, entry, capacity, pages, SIZE);
	CHECK(read_all(entry, n, 0, 4096, got, SIZE, &err) < 0);
	CHECK(err.code == ERR_IMAGE && strstr(err.msg, "checksum"), "%s", err.msg);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 24);
	ZSTD_compressStream2(zstd, &out, &first, ZSTD_e_continue);
	ZSTD_compressStream2(zstd, &out, &rest, ZSTD_e_end);
	n = out.pos;
	CHECK(read_all(entry, n, 0, 4096, got, SIZE, &err) < 0);
	CHECK(err.code == ERR_IMAGE && strstr(err.msg, "8 MiB"), "%s", err.msg);
	ZSTD_freeCCtx(zstd);
	CHECK(read_all(pages, 4096, 0, 4096, got, SIZE, &err) < 0);
	CHECK(err.code == ERR_IMAGE && strstr(err.msg, "zstd"), "%s", err.msg);
}

/* Whatever passes has the right pages. Few bytes may change unseen: what RFC 8878 calls unused,
 * another skippable magic. */
static void check_damage(int level, const uint8_t *pages, size_t size)
{
	size_t entry_size;
	_cleanup_free_ uint8_t *entry = make(1, level, pages, size, &entry_size);
	_cleanup_free_ uint8_t *got = malloc(size);
	unsigned harmless = 0;
	struct err err = { 0 };

	for (size_t i = 0; i < entry_size; i++)
		for (unsigned bit = 0; bit < 8; bit += 1 + (i > 64 && i + 64 < entry_size) * 7) {
			ssize_t n;

			entry[i] ^= (uint8_t)(1u << bit);
			n = read_all(entry, entry_size, 0, size, got, size, &err);
			if (n < 0)
				CHECK(err.code == ERR_IMAGE, "byte %zu: %s", i, err.msg);
			else
				harmless += n != (ssize_t)size || memcmp(got, pages, size) == 0;
			CHECK(n < 0 || n < (ssize_t)size || memcmp(got, pages, size) == 0,
			      "byte %zu", i);
			entry[i] ^= (uint8_t)(1u << bit);
		}
	CHECK(harmless < 16, "%u bits may change", harmless);
	for (size_t n = 0; n < entry_size; n++)
		CHECK(read_all(entry, n, 0, size, got, size, &err) != (ssize_t)size ||
			      n == entry_size - 9 - 8 - 12,
		      "cut at %zu", n);
}

static int refuse(void *context, const struct iovec *parts, size_t n, struct err *err)
{
	(void)context;
	(void)parts;
	(void)n;
	return err_set(err, ERR_IO, "the disk is full");
}

/* The first failure is the one that is told, whichever thread met it, and then again and again. */
static void check_errors(const uint8_t *pages)
{
	const struct page_writer_options options = { 3, 1, true }, wrong = { 1, 23, true };
	struct memory memory = { .data = pages, .size = SIZE, .fails_at = 5 * PAGES_FRAME_SIZE };
	struct page_source source = { memory_read, &memory };
	struct kept kept = { .digest = true };
	const struct page_sink sink = { true, keep_begin, keep, keep_end, wrote, &kept, NULL };
	const struct page_sink full = { false, keep_begin, refuse, keep_end, wrote, &kept, NULL };
	struct page_writer *writer = NULL;
	struct err err = { 0 };

	for (int i = 0; i < 10; i++) {
		memory.released = kept.count = 0;
		CHECK(page_writer_new(&options, &sink, &writer, &err) == 0);
		CHECK(page_writer_add(writer, "a", &source, 4096, count, &err) == 0);
		CHECK(page_writer_add(writer, "b", &source, SIZE, count, &err) == 0);
		CHECK(page_writer_drain(writer, &err) < 0 && err.code == ERR_GONE);
		CHECK_STR(err.msg, "b: no page at 1310720");
		CHECK(page_writer_add(writer, "c", &source, 4096, count, &err) < 0);
		CHECK_STR(err.msg, "b: no page at 1310720");
		page_writer_free(writer);
		CHECK(kept.wrong == 0 && kept.count == 1 && memory.released == 3);
	}
	for (int i = 0; i < 2; i++) {
		CHECK(page_writer_new(&options, &full, &writer, &err) == 0);
		CHECK(page_writer_add(writer, "a", &source, i ? PAGES_DATA_MAX + 1 : 0, NULL,
				      &err) < 0);
		page_writer_free(writer);
	}
	memory.fails_at = memory.released = kept.count = 0;
	CHECK(page_writer_new(&options, &full, &writer, &err) == 0);
	CHECK(page_writer_add(writer, "a", &source, SIZE, count, &err) == 0);
	CHECK(page_writer_drain(writer, &err) < 0 && err.code == ERR_IO, "%s", err.msg);
	CHECK(page_writer_add(writer, "b", &source, SIZE, count, &err) < 0);
	page_writer_free(writer);
	CHECK(memory.released == 2);
	CHECK(page_writer_new(&options, &sink, &writer, &err) == 0);
	CHECK(page_writer_add(writer, "a", &source, SIZE, count, &err) == 0);
	page_writer_free(writer);
	CHECK(memory.released == 3);
	free(kept.data);
	CHECK(page_writer_new(&wrong, &sink, &writer, &err) < 0 && err.code == ERR_USAGE);
}

/* Noise by position. */
static int noise_read(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	uint64_t x = offset * 2 + 1;

	(void)context;
	(void)err;
	for (size_t i = 0; i < size / sizeof(x); i++) {
		const uint64_t word = x * 0x2545f4914f6cdd1d;

		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		memcpy((char *)buffer + i * sizeof(word), &word, sizeof(word));
	}
	return 0;
}

/* An entry that has to be in memory before its size is known, with room for a part of it: an error, and not the end of all progress. */
static void run_out_of_memory(unsigned threads)
{
	const struct page_writer_options options = { threads, 1, true };
	const struct page_sink sink = { false, keep_begin, refuse, keep_end, NULL, NULL, NULL };
	const struct page_source source = { noise_read, NULL };
	unsigned long pages = 0;
	struct page_writer *writer = NULL;
	FILE *statm = fopen("/proc/self/statm", "r");
	struct rlimit limit;
	struct err err = { 0 };

	CHECK(statm && fscanf(statm, "%lu", &pages) == 1);
	if (statm)
		fclose(statm);
	limit.rlim_cur = limit.rlim_max = pages * 4096 + (30UL << 20);
	CHECK(page_writer_new(&options, &sink, &writer, &err) == 0, "%s", err.msg);
	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	alarm(20);
	CHECK(page_writer_add(writer, "a", &source, PAGES_DATA_MAX, NULL, &err) < 0 ||
	      page_writer_drain(writer, &err) < 0);
	CHECK(strstr(err.msg, "memory"), "%s", err.msg);
	page_writer_free(writer);
}

static void check_memory(void)
{
	for (unsigned threads = 1; threads < 3; threads++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			run_out_of_memory(threads);
			_exit(test_count.failed ? 1 : 0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0, "status 0x%x", status);
	}
}

/* What has no pattern in itself may still be there twice. */
static void check_sample(const uint8_t *pages)
{
	_cleanup_free_ uint8_t *copy = malloc(PAGES_FRAME_SIZE);
	const uint8_t *noise = pages + PAGES_FRAME_SIZE;
	struct iovec parts[PAGES_BODY_PARTS];
	struct page_coder *coder = NULL;
	struct err err;
	size_t n = page_parts(copy, PAGES_FRAME_SIZE, parts);

	CHECK(page_coder_new(1, &coder, &err) == 0);
	memcpy(copy, noise, PAGES_FRAME_SIZE);
	CHECK(page_frame_hopeless(coder, parts, n));
	memset(copy + 60000, 'x', 32768);
	CHECK(!page_frame_hopeless(coder, parts, n));
	memcpy(copy, noise, PAGES_FRAME_SIZE);
	memcpy(copy + 5 * 4096, copy + 40 * 4096, 4096);
	CHECK(!page_frame_hopeless(coder, parts, n));
	memcpy(copy, pages, PAGES_FRAME_SIZE);
	CHECK(!page_frame_hopeless(coder, parts, n));
	/* Of less than 16 pages nothing is concluded. In memory of just that size, so that the sanitizer sees a step too far. */
	for (size_t size = 4096; size <= PAGES_FRAME_SIZE; size += 4096) {
		_cleanup_free_ uint8_t *exact = malloc(size);

		memcpy(exact, noise, size);
		n = page_parts(exact, size, parts);
		CHECK(page_frame_hopeless(coder, parts, n) == (size >= 65536), "%zu", size);
	}
	page_coder_free(coder);
}

int main(void)
{
	_cleanup_free_ uint8_t *pages = malloc(SIZE);

	fill(pages, SIZE);
	check_level(PAGES_LEVEL_NONE, pages);
	check_level(1, pages);
	check_level(3, pages);
	check_foreign(pages);
	check_damage(PAGES_LEVEL_NONE, pages, 4096);
	check_damage(1, pages, 4096);
	check_errors(pages);
	check_memory();
	check_sample(pages);
	return test_done("pages");
}
