/* SPDX-License-Identifier: MIT */
/* Lists of pages that stay short enough for a record. */
#ifndef PIMAGE_DUMP_THIN_H
#define PIMAGE_DUMP_THIN_H

#include <stddef.h>

struct err;
struct memory;

/* A range takes some 40 bytes of a record, which may have ENTRY_SMALL_MAX. */
#define THIN_RANGES_MAX ((size_t)1000000)

/*
 * Where a process with much memory has written to every other page, as many ranges lie in the image before as in this one. Above so many of both,
 * the shortest of those before are saved once more: fewer ranges for more pages. Nothing is done where that would not be enough.
 */
int memory_thin(struct memory *memory, size_t most, struct err *err);

#endif
