/* SPDX-License-Identifier: MIT */
/* A file that comes in pieces of whole lines. */
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct got {
	char *text;
	size_t size;
	unsigned pieces, cut; /* of those that do not end with a line */
	unsigned fails_at;    /* piece; 0: none */
};

static int take(void *context, const char *text, size_t size, struct err *err)
{
	struct got *got = context;

	if (++got->pieces == got->fails_at)
		return err_set(err, ERR_IMAGE, "enough");
	got->text = realloc(got->text, got->size + size + 1);
	memcpy(got->text + got->size, text, size);
	got->size += size;
	got->text[got->size] = '\0';
	got->cut += text[size - 1] != '\n';
	return 0;
}

/* Lines of so many characters. */
static int make(size_t lines, size_t length, const char *end)
{
	int fd = memfd_create("lines", 0);
	_cleanup_free_ char *line = malloc(length + 1);

	memset(line, 'a', length);
	line[length] = '\n';
	for (size_t i = 0; i < lines; i++)
		CHECK(write(fd, line, length + 1) == (ssize_t)length + 1);
	CHECK(write(fd, end, strlen(end)) == (ssize_t)strlen(end));
	return fd;
}

static void check(size_t lines, size_t length, const char *end)
{
	_cleanup_close_ int fd = make(lines, length, end);
	size_t size = lines * (length + 1) + strlen(end);
	struct got got = { 0 };
	struct err err = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(read_lines_at(-1, path, take, &got, &err) == 0, "%s", err.msg);
	CHECK(got.size == size, "%zu of %zu", got.size, size);
	CHECK(!got.size || strspn(got.text, "a\n") >= got.size - strlen(end));
	CHECK(!got.size || memcmp(got.text + got.size - strlen(end), end, strlen(end)) == 0);
	CHECK(got.cut == (*end != '\0'), "%u cut", got.cut);
	CHECK(size < 100000 || length > 10000 || got.pieces > 2, "%u pieces", got.pieces);
	free(got.text);
}

static void check_failures(void)
{
	_cleanup_close_ int fd = make(50000, 10, "");
	struct got got = { .fails_at = 3 };
	struct err err = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(read_lines_at(-1, path, take, &got, &err) < 0 && err.code == ERR_IMAGE, "%s",
	      err.msg);
	CHECK(got.pieces == 3);
	free(got.text);
	CHECK(read_lines_at(-1, "/nowhere", take, &got, &err) < 0 && strstr(err.msg, "/nowhere"),
	      "%s", err.msg);
	CHECK(read_lines_at(-1, "/", take, &got, &err) < 0, "a directory");
}

int main(void)
{
	check(0, 1, "");
	check(0, 1, "end");
	check(1, 1, "");
	check(50000, 10, "");
	check(50000, 10, "end");
	/* As long as the room for them, around it, and more. */
	for (size_t length = 32766; length < 32770; length++)
		check(5, length, "end");
	check(3, 200000, "");
	check(32, 1023, "");
	check_failures();
	return test_done("read_lines");
}
