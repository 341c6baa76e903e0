/* SPDX-License-Identifier: MIT */
/* The facts by which a file is known again. */
#ifndef PIMAGE_FILESTAT_H
#define PIMAGE_FILESTAT_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct stat;

struct filestat {
	uint64_t dev; /* st_dev, for major() and minor() */
	uint64_t inode;
	uint64_t size;	  /* bytes */
	int64_t mtime_ns; /* since 1970; kept within int64_t (years 1678 to 2262) */
	uint32_t mode;	  /* type and permissions */
	uint32_t links;	  /* 0: deleted. Not compared. */
};

struct filestat filestat_of(const struct stat *st);

/* fstatat(2); flags are its AT_ flags (AT_EMPTY_PATH with "" for the descriptor itself). */
int filestat_at(int dirfd, const char *name, int flags, struct filestat *ret_stat, struct err *err);

enum filestat_difference {
	FILESTAT_DEV = 1 << 0,
	FILESTAT_INODE = 1 << 1,
	FILESTAT_SIZE = 1 << 2,
	FILESTAT_MTIME = 1 << 3,
	FILESTAT_TYPE = 1 << 4, /* the S_IFMT part of the mode */
	FILESTAT_PERMISSIONS = 1 << 5,
};

/* What differs: FILESTAT_ bits; 0 if nothing. The caller decides which of them matter. */
unsigned filestat_compare(const struct filestat *a, const struct filestat *b);

/*
 * "size 10, expected 20; mode 0100644, expected 0100755" for the bits given, cut to `size` (at
 * least 1), NUL-terminated; mtime in seconds. Returns text.
 */
char *filestat_explain(unsigned differences, const struct filestat *found,
		       const struct filestat *expected, char *text, size_t size);

#endif
