/* SPDX-License-Identifier: MIT */
/* Images that several threads write at several places at once: the bytes are those of one thread, whatever the entries turn out to be. */
#include "format/image_sink.h"
#include "tests/unit/image_sample.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { FRAME = PAGES_FRAME_SIZE };

/*
 * An entry for each letter: of noise, of text, mostly of noise (which is found out late), of noise in another folder, and one that is small.
 * So a bet may be won or lost, and the last entry may have been written ahead beyond the end.
 */
static const struct content {
	char letter;
	unsigned frames, noise;
} contents[] = {
	{ 'n', 24, 24 }, { 't', 20, 0 }, { 'm', 24, 20 }, { 'o', 18, 18 }, { 's', 2, 2 },
};

static const struct content *content_of(char letter)
{
	const struct content *content = contents;

	while (content->letter != letter)
		content++;
	return content;
}

enum { NOISE = 24 * FRAME / sizeof(uint64_t) }; /* of the longest */

/* Made once, since sanitizers take long for it; what follows only reads it. */
static uint64_t noise[NOISE];

static void make_noise(void)
{
	uint64_t x = 1;

	for (size_t i = 0; i < NOISE; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		noise[i] = x;
	}
}

static int read_content(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	const struct content *content = context;

	(void)err;
	if (offset >= (uint64_t)content->noise * FRAME)
		memset(buffer, 't', size);
	else
		memcpy(buffer, (const uint8_t *)noise + offset, size);
	return 0;
}

static int write_entries(struct image_writer *writer, unsigned threads, int level,
			 const char *letters, struct err *err)
{
	const struct page_writer_options options = { threads, level, true };
	struct image_sink sink = { .writer = writer };
	const struct page_sink to = image_sink(&sink);
	struct page_writer *pages = NULL;
	int r = image_write_entry(writer, "pimage.json", "{}\n", 3, err);

	CHECK(to.any_size && to.ahead);
	if (r == 0)
		r = page_writer_new(&options, &to, &pages, err);
	for (size_t i = 0; r == 0 && letters[i]; i++) {
		const struct content *content = content_of(letters[i]);
		const struct page_source source = { read_content, (void *)content };
		char name[64];

		snprintf(name, sizeof(name), "processes/%d/pages/%zx000",
			 content->letter == 'o' ? 8 : 7, i + 1);
		r = page_writer_add(pages, name, &source, (uint64_t)content->frames * FRAME, NULL,
				    err);
	}
	if (r == 0)
		r = page_writer_drain(pages, err);
	page_writer_free(pages);
	return r;
}

/* Behind `start` bytes of something else. */
static int write_file(int fd, off_t start, unsigned threads, int level, const char *letters,
		      struct err *err)
{
	struct image_writer *writer = NULL;
	int r;

	CHECK(lseek(fd, start, SEEK_SET) == start);
	r = image_writer_new(fd, 0, true, &writer, err);
	if (r == 0)
		r = write_entries(writer, threads, level, letters, err);
	if (r == 0)
		r = image_writer_close(writer, err);
	image_writer_free(writer);
	return r;
}

static size_t size_of(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return (size_t)st.st_size;
}

static void check_same(const char *letters, int level)
{
	static const unsigned threads[] = { 2, 3, 20 };
	int one = file_of("", 0);
	struct err err = { 0 };
	size_t size;
	char *bytes;

	CHECK(write_file(one, 0, 1, level, letters, &err) == 0, "%s", err.msg);
	size = size_of(one);
	bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, one, 0);
	for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++) {
		int several = file_of("start", 5);
		off_t start = i % 2 ? 5 : 0;
		char *others;

		CHECK(write_file(several, start, threads[i], level, letters, &err) == 0, "%s",
		      err.msg);
		CHECK(size_of(several) == size + (size_t)start, "%s: %zu, not %zu", letters,
		      size_of(several), size);
		others = mmap(NULL, size + (size_t)start, PROT_READ, MAP_SHARED, several, 0);
		CHECK(memcmp(bytes, others + start, size) == 0, "%s by %u threads", letters,
		      threads[i]);
		munmap(others, size + (size_t)start);
		close(several);
	}
	munmap(bytes, size);
	close(one);
}

/* Every write that fails, in its turn or ahead of it, is an error with a name. */
static void check_full_disk(const char *letters)
{
	int whole = file_of("", 0);
	struct rlimit before, limit;
	struct err err = { 0 };
	size_t size;

	CHECK(write_file(whole, 0, 3, 1, letters, &err) == 0, "%s", err.msg);
	size = size_of(whole);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	for (size_t n = 4096; n < size; n += size / 7) {
		int fd = file_of("", 0);

		limit = before;
		limit.rlim_cur = n;
		setrlimit(RLIMIT_FSIZE, &limit);
		CHECK(write_file(fd, 0, 3, 1, letters, &err) < 0 && err.code == ERR_IO, "%s",
		      err.msg);
		CHECK(strncmp(err.msg, "image entry processes/7/pages/", 30) == 0 &&
			      strstr(err.msg, ": write: File too large"),
		      "%s", err.msg);
		setrlimit(RLIMIT_FSIZE, &before);
		close(fd);
	}
	close(whole);
}

/* Where nothing can be written at a place, or headers have no fixed size, there is only one order. */
static void check_in_order(int fd, int64_t mtime, bool any_size)
{
	struct image_writer *writer = NULL;
	struct image_sink sink = { 0 };
	struct page_sink to;
	struct err err = { 0 };

	CHECK(image_writer_new(fd, mtime, true, &writer, &err) == 0, "%s", err.msg);
	sink.writer = writer;
	to = image_sink(&sink);
	CHECK(to.any_size == any_size && !to.ahead);
	image_writer_free(writer);
	close(fd);
}

int main(void)
{
	static const char *const images[] = { "n",    "nn",    "nnnnnn", "mn",	 "nmnn",  "mmmm",
					      "tnnt", "snnos", "nnoon",	 "tttt", "ntmnsn" };
	static const char *const sizes[] = { "n", "snnos", "ntmnsn" };

	make_noise();
	for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++)
		check_same(images[i], 1);
	/* As they are, entries differ by their sizes alone. */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		check_same(sizes[i], PAGES_LEVEL_NONE);
	check_full_disk("nnnn");
	check_in_order(open("/dev/null", O_WRONLY), 0, false);
	check_in_order(open("/tmp", O_TMPFILE | O_RDWR | O_APPEND, 0600), 0, false);
	check_in_order(file_of("", 0), -1, true);
	return test_done("image_ahead");
}
