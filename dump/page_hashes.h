/* SPDX-License-Identifier: MIT */
/* Hashes of the pages that an image holds: 16 bytes each, by which equal ones are found later or elsewhere. */
#ifndef PIMAGE_DUMP_PAGE_HASHES_H
#define PIMAGE_DUMP_PAGE_HASHES_H

#include "format/image.h"
#include "format/pages_hash.h"
#include "kernel/memory.h"

struct err;

struct hashed_run {
	uint64_t start;
	uint64_t end;
	size_t first; /* of its hashes in the list */
};

/* Of one process (KIND_memory) or shared object (KIND_shm). */
struct page_hashes {
	enum kind kind;
	uint32_t id;
	uint64_t dev; /* of an object */
	uint64_t ino;
	uint64_t page;		 /* its size */
	struct hashed_run *runs; /* ascending */
	size_t n_runs;
	struct page_hash *list;
};

/* Of one image. */
struct hash_book {
	struct page_secret secret;
	bool open; /* the secret was drawn */
	uint64_t page;
	struct page_hashes **of; /* pointers stay valid */
	size_t n_of;
};

/* Draws the secret if there is none yet. */
int hash_book_open(struct hash_book *book, struct err *err);

/* Forgets the pages, but not the secret, which only hash_book_open draws. */
void hash_book_clear(struct hash_book *book);

/* What `from` has is what `to` has from now on; `from` is empty, with the same secret. */
void hash_book_pass_on(struct hash_book *from, struct hash_book *to);

/* The pages, ascending, of one more process or object; nothing is known of them yet. NULL with err set. */
struct page_hashes *hash_book_add(struct hash_book *book, enum kind kind, uint32_t id,
				  const struct memory_ranges *pages, struct err *err);
struct page_hashes *hash_book_find(const struct hash_book *book, enum kind kind, uint32_t id);

/* The place for the hash of a page; NULL: it is none of them. hashes may be NULL. */
struct page_hash *page_hashes_at(const struct page_hashes *hashes, uint64_t address);

#endif
