/* SPDX-License-Identifier: MIT */
/* A small image for the tests of the container, and everything it holds as one text. */
#ifndef PIMAGE_TEST_IMAGE_SAMPLE_H
#define PIMAGE_TEST_IMAGE_SAMPLE_H

#include "format/digest.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/image_write.h"
#include "format/pages.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SAMPLE_PAGES = 5 * 4096,
	TEXT_SIZE = 8192,
};

static inline int sample_read(void *context, uint64_t offset, void *buffer, size_t size,
			      struct err *err)
{
	(void)err;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buffer)[i] = (uint8_t)("pages "[(offset + i) % 6] + *(int *)context);
	return 0;
}

static inline int sample_begin(void *context, const char *name, uint64_t size, struct err *err)
{
	return image_pages_begin(context, name, size, err);
}

static inline int sample_put(void *context, const struct iovec *parts, size_t n, struct err *err)
{
	return image_pages_write(context, parts, n, err);
}

static inline int sample_end(void *context, const struct page_entry *entry, struct err *err)
{
	return image_pages_end(context, entry->digest, err);
}

static inline int sample_pages(struct image_writer *writer, int level, const char *name,
			       const struct page_source *source, uint64_t size, struct err *err)
{
	const struct page_writer_options options = { 1, level, true };
	const struct page_sink sink = { image_writer_patches(writer),
					sample_begin,
					sample_put,
					sample_end,
					NULL,
					writer,
					NULL };
	struct page_writer *pages = NULL;
	int r = page_writer_new(&options, &sink, &pages, err);

	if (r == 0)
		r = page_writer_add(pages, name, source, size, NULL, err);
	if (r == 0)
		r = page_writer_drain(pages, err);
	page_writer_free(pages);
	return r;
}

/*
 * Three entries of so many bytes of pages, compressed if they are SAMPLE_PAGES. Returns <0 when
 * any step fails.
 */
static inline int sample_write(int fd, int64_t mtime, size_t pages_size, struct err *err)
{
	static const char *const names[] = { "pimage.json", "processes/7/process.json",
					     "processes/7/threads/7.xstate", "files/1.json",
					     "pipes/1.data" };
	static const char *const data[] = { "{\"format\": \"pimage\"}\n", "{\"pid\": 7}\n",
					    "xstate xstate", "{\"pid\": 7}\n", "" };
	static const char *const pages[] = { "shm/2/pages/0", "processes/7/pages/1000",
					     "processes/7/pages/400000" };
	struct image_writer *writer = NULL;
	int r = image_writer_new(fd, mtime, true, &writer, err);

	for (size_t i = 0; r == 0 && i < 5; i++)
		r = image_write_entry(writer, names[i], data[i], strlen(data[i]), err);
	for (int i = 0; r == 0 && i < 3; i++) {
		struct page_source source = { sample_read, &i };

		r = sample_pages(writer, pages_size == SAMPLE_PAGES ? 1 : PAGES_LEVEL_NONE,
				 pages[i], &source, pages_size, err);
	}
	if (r == 0)
		r = image_writer_close(writer, err);
	image_writer_free(writer);
	return r;
}

static inline void text_add(char *text, const char *fmt, ...)
{
	size_t length = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + length, TEXT_SIZE - length, fmt, ap);
	va_end(ap);
}

/*
 * The pages of the present entry by their digest, so that images compressed in different ways
 * compare.
 */
static inline int text_pages(struct image_reader *reader, struct page_reader *pages,
			     const struct image_entry *entry, char *text, struct err *err)
{
	struct page_stream stream = image_reader_stream(reader);
	static uint8_t buffer[65536];
	struct digest_state state;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];
	ssize_t n;

	page_reader_start(pages, &stream);
	digest_init(&state);
	while ((n = page_reader_read(pages, buffer, sizeof(buffer), err)) > 0)
		digest_update(&state, buffer, (size_t)n);
	if (n < 0 || page_reader_end(pages, err) < 0)
		return err_prefix(err, "%s", entry->name);
	digest_final(&state, &digest);
	digest_hex(&digest, hex);
	text_add(text, "%s %.16s\n", entry->name, hex);
	return 0;
}

static inline int text_of(struct image_reader *reader, struct page_reader *pages, char *text,
			  struct image_report *report, struct err *err)
{
	const struct image_entry *entry;
	int r;

	while ((r = image_reader_next(reader, &entry, err)) > 0)
		if (text_pages(reader, pages, entry, text, err) < 0)
			return -1;
	if (r < 0 || image_reader_finish(reader, report, err) < 0)
		return -1;
	for (size_t i = 0; (entry = image_reader_entry(reader, i)); i++)
		if (!entry->pages)
			text_add(text, "%s \"%.*s\"\n", entry->name,
				 (int)strcspn(entry->data, "\n"), (const char *)entry->data);
	return 0;
}

static inline int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Order does not matter. */
static inline void sort_lines(char *text)
{
	char *lines[100], sorted[TEXT_SIZE] = "";
	size_t n = 0;

	for (char *line = strtok(text, "\n"); line && n < 100; line = strtok(NULL, "\n"))
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < n; i++)
		text_add(sorted, "%s\n", lines[i]);
	memcpy(text, sorted, sizeof(sorted));
}

/* Everything in the image; then "edited NAME" and "added NAME". */
static inline int sample_text(int fd, unsigned flags, bool spool, char ret_text[TEXT_SIZE],
			      struct image_report *ret_report, struct err *err)
{
	struct image_reader *reader = NULL;
	struct page_reader *pages = NULL;
	struct image_report report = { 0 };
	int r = image_reader_new(fd, flags, &reader, err);

	ret_text[0] = '\0';
	if (r == 0 && spool)
		r = image_reader_spool(reader, err);
	if (r == 0)
		r = page_reader_new(&pages, err);
	if (r == 0)
		r = text_of(reader, pages, ret_text, &report, err);
	if (r == 0) {
		sort_lines(ret_text);
		for (size_t i = 0; i < report.n_edited; i++)
			text_add(ret_text, "edited %s\n", report.edited[i]);
		for (size_t i = 0; i < report.n_added; i++)
			text_add(ret_text, "added %s\n", report.added[i]);
		if (ret_report)
			*ret_report = report;
	}
	page_reader_free(pages);
	image_reader_free(reader);
	return r;
}

/* A pipe that holds these bytes; they must fit. */
static inline int pipe_of(const void *data, size_t size)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	if (write(fds[1], data, size) != (ssize_t)size)
		abort();
	close(fds[1]);
	return fds[0];
}

static inline int file_of(const void *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	if (write(fd, data, size) != (ssize_t)size)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

#endif
