/* SPDX-License-Identifier: MIT */
/* Every bad image is refused, by a message that names the entry and the place in it. */
#include "tests/images/bad.h"

#include "format/image_read.h"
#include "tests/unit/test.h"

#include <sys/mman.h>

static int check_pages(struct image_reader *reader, const struct image *image,
		       struct page_reader *pages, struct err *err)
{
	_cleanup_image_pages_ struct image_pages_walk walk = { 0 };
	struct page_stream stream = image_reader_stream(reader);
	const struct image_entry *entry;
	struct pages_entry expected;
	char buffer[65536];
	int more;

	if (image_pages_start(reader, image, &walk, err) < 0)
		return -1;
	while ((more = image_pages_next(&walk, &entry, &expected, err)) > 0) {
		uint64_t left = expected.size;
		ssize_t n = 1;

		page_reader_start(pages, &stream);
		for (; left && n > 0; left -= (uint64_t)n) {
			n = page_reader_read(pages, buffer,
					     left < sizeof(buffer) ? left : sizeof(buffer), err);
			if (n < 0)
				return err_prefix(err, "%s", entry->name);
		}
		if (left)
			return err_set(err, ERR_IMAGE, "%s: too few pages", entry->name);
		if (page_reader_end(pages, err) < 0)
			return err_prefix(err, "%s", entry->name);
	}
	return more;
}

/* What prestore does before it starts anything. */
static int read_image(int fd, struct err *err)
{
	struct image_reader *reader = NULL;
	struct page_reader *pages = NULL;
	struct image image = { 0 };
	int ret;

	ret = image_reader_new(fd, 0, &reader, err);
	if (ret == 0)
		ret = page_reader_new(&pages, err);
	if (ret == 0)
		ret = image_load(reader, &image, err);
	if (ret == 0)
		ret = check_pages(reader, &image, pages, err);
	if (ret == 0)
		ret = image_finish(reader, &image, NULL, err);
	image_done(&image);
	page_reader_free(pages);
	image_reader_free(reader);
	return ret;
}

/* The same through a pipe, which cannot seek. */
static int read_piped(int fd, struct err *err)
{
	char command[64];
	FILE *pipe;
	int ret;

	snprintf(command, sizeof(command), "cat /proc/%d/fd/%d", getpid(), fd);
	pipe = popen(command, "r");
	if (!pipe)
		maker_stop(command, "cannot be started");
	ret = read_image(fileno(pipe), err);
	pclose(pipe);
	return ret;
}

static void check_message(const struct bad *bad, const char *how, const struct err *err)
{
	char words[256], *rest = words;

	snprintf(words, sizeof(words), "%s", bad->message);
	CHECK(err->code == ERR_IMAGE, "%s, %s: code %d: %s", bad->reason, how, err->code, err->msg);
	for (char *word; (word = strsep(&rest, "|"));)
		CHECK(strstr(err->msg, word), "%s, %s: \"%s\" without \"%s\"", bad->reason, how,
		      err->msg, word);
	if (getenv("VERBOSE"))
		printf("%-24s %s\n", bad->reason, err->msg);
}

static void check_bad(const struct bad *bad)
{
	int fd = memfd_create(bad->reason, MFD_CLOEXEC);
	struct err err = { 0 };
	int ret;

	bad_write(bad, fd);
	lseek(fd, 0, SEEK_SET);
	ret = read_image(fd, &err);
	CHECK(ret < 0, "%s: accepted", bad->reason);
	if (ret < 0)
		check_message(bad, "file", &err);
	err = (struct err){ 0 };
	ret = read_piped(fd, &err);
	CHECK(ret < 0, "%s: accepted from a pipe", bad->reason);
	if (ret < 0)
		check_message(bad, "pipe", &err);
	close(fd);
}

/* Any order will do: entries but the first are moved, page data comes before what it belongs to. */
static void turn(struct maker *maker, size_t by)
{
	struct made *entries = maker->entries + 1;
	size_t n = maker->n_entries - 1;
	struct made *turned = calloc(n, sizeof(*turned));

	if (!turned)
		maker_stop("turn", "out of memory");
	for (size_t i = 0; i < n; i++)
		turned[i] = entries[(i + by) % n];
	memcpy(entries, turned, n * sizeof(*turned));
	free(turned);
}

static void check_good(size_t by)
{
	int fd = memfd_create("good", MFD_CLOEXEC);
	struct err err = { 0 };
	struct maker maker;

	maker_load(&maker);
	turn(&maker, by);
	CHECK(maker_write(&maker, fd, &err) == 0, "%s", err.msg);
	maker_done(&maker);
	lseek(fd, 0, SEEK_SET);
	CHECK(read_image(fd, &err) == 0, "turned by %zu: %s", by, err.msg);
	CHECK(read_piped(fd, &err) == 0, "turned by %zu, from a pipe: %s", by, err.msg);
	close(fd);
}

int main(void)
{
	for (size_t by = 0; by < 31; by++)
		check_good(by);
	for (const struct bad *bad = bad_images; bad->reason; bad++)
		check_bad(bad);
	return test_done("image_bad");
}
