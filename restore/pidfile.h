/* SPDX-License-Identifier: MIT */
/* The file that tells scripts the process ids of what was restored. */
#ifndef PIMAGE_RESTORE_PIDFILE_H
#define PIMAGE_RESTORE_PIDFILE_H

#include <stddef.h>
#include <sys/types.h>

struct err;

/* One per line. */
int pidfile_write(const char *path, const pid_t *pids, size_t n, struct err *err);

/* For what failed after all: the file goes, if that is what it is. path may be NULL. */
void pidfile_remove(const char *path);

#endif
