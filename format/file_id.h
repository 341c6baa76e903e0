/* SPDX-License-Identifier: MIT */
/* What tells one file from another, and one version of it from the next. */
#ifndef PIMAGE_FILE_ID_H
#define PIMAGE_FILE_ID_H

#include "format/record.h"

struct file_id {
	char *path;
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t mtime;
	uint32_t mode;
	char *build_id;
	uint32_t contents;
};

extern const struct record file_id_record;

/* Whether both were the same file when they were dumped together. */
bool file_id_same(const struct file_id *a, const struct file_id *b);

#endif
