/* SPDX-License-Identifier: MIT */
/* Whether a file that is mapped or executed is still the one that the image means. */
#ifndef PIMAGE_FILE_CHECK_H
#define PIMAGE_FILE_CHECK_H

#include "format/file_id.h"
#include "restore/restore.h"

/*
 * Adds a problem when the file (after --map-path) is missing, cannot be opened, or has changed: by build-id when it has
 * one, else by size and time. `data` says that its contents are data that others may write (a shared mapping): then only
 * its size counts. *ret_fd, when not NULL, becomes a descriptor of what was checked (writable if asked for), or -1.
 */
int file_check(struct restore *restore, const char *object, const struct file_id *saved, bool data,
	       bool writable, int *ret_fd, struct err *err);

#endif
