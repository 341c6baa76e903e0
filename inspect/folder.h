/* SPDX-License-Identifier: MIT */
/* The files below a directory as entries of an image. */
#ifndef PIMAGE_INSPECT_FOLDER_H
#define PIMAGE_INSPECT_FOLDER_H

#include <stddef.h>

struct err;

/* Calls `file` with the path below the directory of each regular file; anything else is refused. */
typedef int folder_file(void *context, const char *name, struct err *err);
int folder_walk(int root, folder_file *file, void *context, struct err *err);

/* A whole file; malloc'd. Larger ones than `max` are refused. */
int folder_read(int root, const char *name, size_t max, void **ret_data, size_t *ret_size,
		struct err *err);

#endif
