/* SPDX-License-Identifier: MIT */
#include "kernel/filestat.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "format/err.h"

struct filestat filestat_of(const struct stat *st)
{
	int64_t mtime;

	/* A file system may hold any time: kept at the end of the range instead of overflowing. */
	if (__builtin_mul_overflow((int64_t)st->st_mtim.tv_sec, INT64_C(1000000000), &mtime) ||
	    __builtin_add_overflow(mtime, (int64_t)st->st_mtim.tv_nsec, &mtime))
		mtime = st->st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return (struct filestat){
		.dev = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.mtime_ns = mtime,
		.mode = st->st_mode,
		.links = st->st_nlink,
	};
}

int filestat_at(int dirfd, const char *name, int flags, struct filestat *ret_stat, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, flags) < 0) {
		if (name[0] == '\0')
			return err_sys(err, "stat of descriptor %d", dirfd);
		return err_sys(err, "stat %s", name);
	}
	*ret_stat = filestat_of(&st);
	return 0;
}

unsigned filestat_compare(const struct filestat *a, const struct filestat *b)
{
	const uint32_t differing = a->mode ^ b->mode;

	return (a->dev != b->dev ? FILESTAT_DEV : 0) | (a->inode != b->inode ? FILESTAT_INODE : 0) |
	       (a->size != b->size ? FILESTAT_SIZE : 0) |
	       (a->mtime_ns != b->mtime_ns ? FILESTAT_MTIME : 0) |
	       (differing & S_IFMT ? FILESTAT_TYPE : 0) |
	       (differing & ~S_IFMT ? FILESTAT_PERMISSIONS : 0);
}

static void print_dev(const struct filestat *stat, char text[32])
{
	snprintf(text, 32, "0x%" PRIx64, stat->dev);
}

static void print_inode(const struct filestat *stat, char text[32])
{
	snprintf(text, 32, "%" PRIu64, stat->inode);
}

static void print_size(const struct filestat *stat, char text[32])
{
	snprintf(text, 32, "%" PRIu64, stat->size);
}

static void print_mtime(const struct filestat *stat, char text[32])
{
	const bool negative = stat->mtime_ns < 0;
	const uint64_t ns = negative ? -(uint64_t)stat->mtime_ns : (uint64_t)stat->mtime_ns;

	snprintf(text, 32, "%s%" PRIu64 ".%09" PRIu64, negative ? "-" : "", ns / 1000000000,
		 ns % 1000000000);
}

static void print_mode(const struct filestat *stat, char text[32])
{
	snprintf(text, 32, "0%" PRIo32, stat->mode);
}

static const struct {
	unsigned bits;
	const char *label;
	void (*print)(const struct filestat *stat, char text[32]);
} explanations[] = {
	{ FILESTAT_DEV, "device", print_dev },
	{ FILESTAT_INODE, "inode", print_inode },
	{ FILESTAT_SIZE, "size", print_size },
	{ FILESTAT_MTIME, "mtime", print_mtime },
	{ FILESTAT_TYPE | FILESTAT_PERMISSIONS, "mode", print_mode },
};

char *filestat_explain(unsigned differences, const struct filestat *found,
		       const struct filestat *expected, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(explanations) / sizeof(*explanations); i++) {
		char is[32], should_be[32];
		int n;

		if (!(differences & explanations[i].bits))
			continue;
		explanations[i].print(found, is);
		explanations[i].print(expected, should_be);
		n = snprintf(text + used, size - used, "%s%s %s, expected %s", used ? "; " : "",
			     explanations[i].label, is, should_be);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += n;
	}
	return text;
}
