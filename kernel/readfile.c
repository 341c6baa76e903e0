/* SPDX-License-Identifier: MIT */
#include "kernel/readfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/array.h"
#include "kernel/scan.h"

#define LARGEST_FILE   ((size_t)1 << 30)
#define CLOSED_AT_ONCE 32

/*
 * Once its process has ended, everything in a directory of /proc is ENOENT, and so is listing the
 * directory itself: that is what tells it from a file that this kernel does not have. The C library
 * makes of that ENOENT an end without an error, but any other directory has at least "." in it.
 */
static bool process_ended(int dirfd)
{
	_cleanup_dir_ DIR *dir = NULL;
	struct statfs fs;
	int fd;

	if (dirfd < 0 || fstatfs(dirfd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		cleanup_close(&fd);
		return errno == ENOENT || errno == ESRCH;
	}
	return !readdir(dir);
}

/* The failure that errno tells, about a name in a directory whose path is looked up only now. */
static int failed(const char *action, int dirfd, const char *name, struct err *err)
{
	int error = errno;
	char link[32], dir[512] = "";
	ssize_t length;

	if (!err)
		return -1;
	if (dirfd >= 0 && name[0] != '/') {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
		length = readlink(link, dir, sizeof(dir) - 2);
		if (length > 0)
			memcpy(dir + length, "/", 2);
	}
	if (error == ESRCH || (error == ENOENT && process_ended(dirfd)))
		err_set(err, ERR_GONE, "%s %s%s: the process has ended", action, dir, name);
	else {
		errno = error;
		err_sys(err, "%s %s%s", action, dir, name);
	}
	errno = error;
	return -1;
}

int proc_open(pid_t pid, struct err *err)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ESRCH)
		return err_set(err, ERR_GONE, "pid %d: no such process", (int)pid);
	return err_sys(err, "pid %d: open %s", (int)pid, path);
}

/* Reads to the end, or once if `once`; 1 when the buffer was full before, 0 at the end, <0 on failure. */
static int read_on(int fd, char *buffer, size_t room, size_t *size, bool once)
{
	while (*size < room) {
		ssize_t n = read(fd, buffer + *size, room - *size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : 0;
		*size += (size_t)n;
		if (once && *size < room)
			return 0;
	}
	return 1;
}

/* Most are small, there are thousands, and some are kept: they get the memory that they need. */
static int read_first(int fd, bool once, char **ret_text, size_t *ret_size)
{
	char piece[4096];
	int more = read_on(fd, piece, sizeof(piece), ret_size, once);

	if (more < 0)
		return -1;
	*ret_text = malloc(*ret_size + 1);
	if (!*ret_text)
		return -1;
	memcpy(*ret_text, piece, *ret_size);
	return more;
}

void closing_done(struct closing *closing)
{
	int first = closing->first, last = first + (int)closing->count - 1, error = errno;

	if (closing->count && syscall(SYS_close_range, first, last, 0) < 0)
		for (int fd = first; fd <= last; fd++)
			close(fd);
	*closing = (struct closing){ 0 };
	errno = error;
}

static void close_later(struct closing *closing, int fd)
{
	if (closing->count == CLOSED_AT_ONCE || fd != closing->first + (int)closing->count)
		closing_done(closing);
	if (!closing->count)
		closing->first = fd;
	closing->count++;
}

static int open_file(struct closing *closing, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0 || errno != EMFILE || !closing)
		return fd;
	closing_done(closing);
	return openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static int read_all(struct closing *closing, int dirfd, const char *name, bool once,
		    char **ret_text, size_t *ret_size, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	/* What is longer comes by pieces of a page (fs/seq_file.c), and ends at a read of nothing. */
	size_t room = 16384, size = 0;
	int more;

	fd = open_file(closing, dirfd, name);
	if (fd < 0)
		return failed("open", dirfd, name, err);
	more = read_first(fd, once, &text, &size);
	if (more < 0)
		return failed("read", dirfd, name, err);
	while (more) {
		char *larger;

		if (room >= LARGEST_FILE)
			return err_set(err, ERR_FAILED, "read %s: larger than 1 GiB", name);
		room *= 2;
		larger = realloc(text, room + 1);
		if (!larger)
			return err_sys(err, "memory for %s: %zu bytes", name, room);
		text = larger;
		more = read_on(fd, text, room, &size, once);
		if (more < 0)
			return failed("read", dirfd, name, err);
	}
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	if (ret_size)
		*ret_size = size;
	if (closing)
		close_later(closing, TAKE_FD(fd));
	return 0;
}

int read_file_at(int dirfd, const char *name, char **ret_text, size_t *ret_size, struct err *err)
{
	return read_all(NULL, dirfd, name, false, ret_text, ret_size, err);
}

int read_piece_at(int dirfd, const char *name, char **ret_text, size_t *ret_size, struct err *err)
{
	return read_all(NULL, dirfd, name, true, ret_text, ret_size, err);
}

int read_piece_later(struct closing *closing, int dirfd, const char *name, char **ret_text,
		     size_t *ret_size, struct err *err)
{
	return read_all(closing, dirfd, name, true, ret_text, ret_size, err);
}

/* Gives all lines that end to `take`, and moves the rest to the start. */
static int give_lines(char *text, size_t *size, take_lines *take, void *context, struct err *err)
{
	const char *last = memrchr(text, '\n', *size);
	size_t lines = last ? (size_t)(last + 1 - text) : 0;

	if (lines && take(context, text, lines, err) < 0)
		return -1;
	*size -= lines;
	memmove(text, text + lines, *size);
	return 0;
}

int read_lines_at(int dirfd, const char *name, take_lines *take, void *context, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t room = 32768, size = 0;
	int more = 1;

	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return failed("open", dirfd, name, err);
	while (more) {
		/* One line that fills it. */
		if (size == room)
			room *= 2;
		if (!text || size * 2 == room) {
			char *larger = room < LARGEST_FILE ? realloc(text, room) : NULL;

			if (!larger)
				return err_set(err, ERR_FAILED, "read %s: no memory for a line",
					       name);
			text = larger;
		}
		more = read_on(fd, text, room, &size, false);
		if (more < 0)
			return failed("read", dirfd, name, err);
		if (give_lines(text, &size, take, context, err) < 0)
			return -1;
	}
	return size ? take(context, text, size, err) : 0;
}

int read_link_at(int dirfd, const char *name, char **ret_target, struct err *err)
{
	_cleanup_free_ char *target = NULL;
	size_t room = 128;
	ssize_t length;

	/* A full buffer may have been too small: readlink does not say. */
	do {
		char *larger;

		room *= 2;
		larger = realloc(target, room);
		if (!larger)
			return err_sys(err, "memory for the target of %s", name);
		target = larger;
		length = readlinkat(dirfd, name, target, room);
		if (length < 0)
			return failed("readlink", dirfd, name, err);
	} while ((size_t)length == room);
	target[length] = '\0';
	*ret_target = TAKE_PTR(target);
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool number_of(const char *name, uint32_t *ret_number)
{
	struct scan scan = scan_text(name, strlen(name));
	uint64_t number;

	if (!scan_unsigned(&scan, 10, UINT32_MAX, &number) || !scan_done(&scan))
		return false;
	*ret_number = number;
	return true;
}

/* The numbers among some entries. Returns how many entries there were, or <0. */
static int take_numbers(const char *entries, size_t size, uint32_t **numbers, size_t *count,
			struct err *err)
{
	int seen = 0;

	for (size_t at = 0; at < size; seen++) {
		const struct dirent64 *entry = (const void *)(entries + at);
		uint32_t number, *last;

		at += entry->d_reclen;
		if (!number_of(entry->d_name, &number))
			continue;
		last = ARRAY_ADD(numbers, count, err);
		if (!last)
			return -1;
		*last = number;
	}
	return seen;
}

/* Not by readdir(3), which makes three calls more for each directory. A piece with room left need not be the last: filldir64 (fs/readdir.c) ends it where a signal waits. */
int list_numbers_at(int dirfd, const char *name, uint32_t **ret_numbers, size_t *ret_count,
		    struct err *err)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_close_ int fd = -1;
	char entries[16384] __attribute__((aligned(16)));
	size_t count = 0;
	bool any = false;
	ssize_t n;

	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed("open", dirfd, name, err);
	while ((n = getdents64(fd, entries, sizeof(entries))) > 0) {
		int seen = take_numbers(entries, (size_t)n, &numbers, &count, err);

		if (seen < 0)
			return -1;
		any |= seen > 0;
	}
	/* An ended process has an empty directory, or none. */
	if (n == 0 && !any) {
		errno = ESRCH;
		n = -1;
	}
	if (n < 0)
		return failed("list", dirfd, name, err);
	if (count > 0)
		qsort(numbers, count, sizeof(*numbers), compare_numbers);
	*ret_numbers = TAKE_PTR(numbers);
	*ret_count = count;
	return 0;
}
