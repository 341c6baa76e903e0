/* SPDX-License-Identifier: MIT */
/* Saved ranges written as page entries, wherever their bytes come from. */
#ifndef PIMAGE_PAGE_SOURCE_H
#define PIMAGE_PAGE_SOURCE_H

#include "format/image_write.h"
#include "format/pages.h"
#include "format/runs.h"

struct dump;

/* Reads `size` bytes at an address (or offset) of what `context` is; several threads may call it at once. */
typedef int run_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err);

/* One that preads from a descriptor: context points to an int. */
int fd_run_read(void *context, uint64_t offset, void *buffer, size_t size, struct err *err);

/* Writes all runs as entries <folder>/<first address in hex> of at most PAGES_DATA_MAX bytes of pages each. */
int write_runs(struct dump *dump, struct image_writer *writer, struct page_writer *pages,
	       const char *folder, const struct runs *runs, run_read *read, void *context,
	       struct err *err);

#endif
