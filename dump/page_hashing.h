/* SPDX-License-Identifier: MIT */
/* Hashing of pages where they are read. */
#ifndef PIMAGE_DUMP_PAGE_HASHING_H
#define PIMAGE_DUMP_PAGE_HASHING_H

#include "dump/dump.h"
#include "format/page_source.h"
#include "format/pages_hash.h"
#include "kernel/memory.h"

struct err;

/*
 * A run_pages (format/page_source.h) of something that dump->hashes may have a list for, by which hashes are noted of what goes
 * into the image: of a process as far as they are not known. Releases the context if it fails.
 */
struct run_pages *hashed_run_pages(const struct dump *dump, enum kind kind, uint32_t id,
				   run_read *read, void *context, void (*release)(void *context),
				   struct err *err);

/*
 * Reads ranges of private memory that a fork keeps (not vma_lost_by_fork), as they are written into an image, and calls `each`
 * with the hash of every page in them. Ends at the first failure.
 */
typedef int hashed_page(void *context, uint64_t address, const struct page_hash *hash,
			struct err *err);
int target_hash_pages(const struct dump *dump, const struct target *target,
		      const struct page_secret *secret, const struct memory_ranges *ranges,
		      hashed_page *each, void *context, struct err *err);

#endif
