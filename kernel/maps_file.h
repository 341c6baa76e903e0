/* SPDX-License-Identifier: MIT */
/* The mappings of a process, read from /proc. */
#ifndef PIMAGE_MAPS_FILE_H
#define PIMAGE_MAPS_FILE_H

#include "kernel/proc_maps.h"

/* Reads and parses "maps" or "smaps" in a directory of /proc, or at a path (AT_FDCWD). Failures are those of read_file_at and maps_parse. */
int maps_read_at(int dirfd, const char *name, struct maps *ret_maps, struct err *err);

#endif
