/* SPDX-License-Identifier: MIT */
/* Files that are read one after another are closed some at a time: all of them, and no other. */
#include "kernel/readfile.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILES = 100, FEW = 8 };

static size_t count(void)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	struct err err = { 0 };
	size_t n = 0;

	CHECK(list_numbers_at(AT_FDCWD, "/proc/self/fd", &numbers, &n, &err) == 0, "%s", err.msg);
	return n;
}

static void read_one(struct closing *closing)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t size = 0;

	CHECK(read_piece_later(closing, AT_FDCWD, "/proc/self/status", &text, &size, &err) == 0,
	      "%s", err.msg);
	CHECK(text && size == strlen(text) && strncmp(text, "Name:", 5) == 0);
}

/* Descriptors that are opened between them stay, wherever they come. */
static void test_others(void)
{
	struct closing closing = { 0 };
	size_t before = count(), most = 0, n_others = 0;
	int others[FILES];

	for (int i = 0; i < FILES; i++) {
		size_t now;

		read_one(&closing);
		if (i % 7 == 0)
			others[n_others++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		now = count() - n_others;
		most = now > most ? now : most;
	}
	CHECK(most > before && most <= before + 33, "%zu", most - before);
	errno = E2BIG;
	closing_done(&closing);
	CHECK(errno == E2BIG);
	CHECK(count() == before + n_others);
	for (size_t i = 0; i < n_others; i++)
		CHECK(fcntl(others[i], F_GETFD) >= 0 && close(others[i]) == 0);
	closing_done(&closing);
	CHECK(count() == before);
}

static void test_failure(void)
{
	struct closing closing = { 0 };
	size_t before = count();
	char *text = NULL;
	struct err err = { 0 };

	read_one(&closing);
	CHECK(read_piece_later(&closing, AT_FDCWD, "/proc/self/nothing", &text, NULL, &err) < 0);
	CHECK(strstr(err.msg, "/proc/self/nothing") && !text, "%s", err.msg);
	closing_done(&closing);
	CHECK(count() == before);
}

/* Fills what is free below the highest descriptor, so that the numbers of further ones follow one another; they stay. */
static int fill_gaps(void)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	struct err err = { 0 };
	size_t n = 0;
	int fd;

	CHECK(list_numbers_at(AT_FDCWD, "/proc/self/fd", &numbers, &n, &err) == 0 && n > 0);
	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (uint32_t)fd <= numbers[n - 1]);
	return fd;
}

/* Those that wait to be closed are not in the way of others. */
static void test_limit(void)
{
	struct closing closing = { 0 };
	struct rlimit before = { 0 }, limit;
	int last = fill_gaps();

	CHECK(last >= 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
	limit = before;
	limit.rlim_cur = (rlim_t)last + FEW;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (int i = 0; i < FILES; i++)
		read_one(&closing);
	closing_done(&closing);
	CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

int main(void)
{
	test_others();
	test_failure();
	test_limit();
	return test_done("closing");
}
