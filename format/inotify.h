/* SPDX-License-Identifier: MIT */
/* Files and directories that are watched for changes, inotify(7). */
#ifndef PIMAGE_INOTIFY_H
#define PIMAGE_INOTIFY_H

#include "format/record.h"

struct inotify_watch {
	uint32_t wd;
	uint32_t events; /* IN_ bits of inotify_add_watch(2) */
	char *path;
};

struct inotify {
	struct inotify_watch *watches;
	size_t n_watches;
};

extern const struct record inotify_record;
extern const struct record inotify_watch_record;

#endif
