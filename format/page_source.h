/* SPDX-License-Identifier: MIT */
/* Saved ranges written as page entries, wherever their bytes come from. */
#ifndef PIMAGE_PAGE_SOURCE_H
#define PIMAGE_PAGE_SOURCE_H

#include "format/cleanup.h"
#include "format/pages.h"
#include "format/runs.h"

/* Reads `size` bytes at an address (or offset) of what `context` is; several threads may call it at once. */
typedef int run_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err);

/* One that preads from a descriptor: context points to an int. */
int fd_run_read(void *context, uint64_t offset, void *buffer, size_t size, struct err *err);

/* Where page data comes from; it lives until all of it has been read, which other threads do later. */
struct run_pages {
	struct runs runs;
	run_read *read;
	void *context;
	void (*release)(void *context);
	unsigned users;
};

/* Of no runs yet: runs_add them. `release` (may be NULL) is called with the context at the end, also if this fails. */
struct run_pages *run_pages_new(run_read *read, void *context, void (*release)(void *context),
				struct err *err);
void run_pages_free(struct run_pages *pages);
static inline void cleanup_run_pages(struct run_pages **pages)
{
	run_pages_free(*pages);
}
#define _cleanup_run_pages_ _cleanup_(cleanup_run_pages)

/*
 * Queues all runs as entries <folder>/<first address in hex> of at most PAGES_DATA_MAX bytes of pages each. They have been
 * written after page_writer_drain.
 */
int write_runs(struct page_writer *writer, const char *folder, struct run_pages *pages,
	       struct err *err);

#endif
