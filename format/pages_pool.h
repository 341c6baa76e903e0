/* SPDX-License-Identifier: MIT */
/* Entries of page data decoded frame by frame on several threads, straight to where the pages belong. */
#ifndef PIMAGE_PAGES_POOL_H
#define PIMAGE_PAGES_POOL_H

#include "format/pages.h"

#include <stdbool.h>

struct err;
struct page_pool;

/*
 * One entry and where its pages go. `put` gets every page once, in pieces in any order, from several threads at once, except
 * where `wanted` (may be NULL) says of a whole frame that it can be left out. Offsets count from the start of the entry's page data.
 * Everything must stay until the entry is done.
 */
struct page_job {
	struct page_source entry;
	uint64_t entry_size;
	uint64_t size; /* bytes of pages that it must hold, no more and no less */
	bool (*wanted)(void *context, uint64_t offset, size_t size);
	int (*put)(void *context, uint64_t offset, const void *pages, size_t size, struct err *err);
	void (*done)(void *context); /* may be NULL; called once, also on failure, under a lock */
	void *context;
	const char *name; /* for messages */
};

/* `threads` at most, the caller's included; they are started when there is enough to do. */
int page_pool_new(unsigned threads, struct page_pool **ret_pool, struct err *err);

/* Waits for those that are at work; what was not begun is dropped. */
void page_pool_free(struct page_pool *pool);

/* Hands an entry over; others work on it from here on. Fails also when an earlier one has failed. */
int page_pool_add(struct page_pool *pool, const struct page_job *job, struct err *err);

/*
 * Helps until at most so many entries are left undone. Every frame was checked as page_table_decode does, the seek table covers all of
 * the entry, and where there is none the entry was read as page_reader does: so the pages are what was saved, once 0 is
 * returned for all. Fails with the first frame that is damaged, and with what `put` returned.
 */
int page_pool_wait(struct page_pool *pool, size_t left, struct err *err);

#endif
