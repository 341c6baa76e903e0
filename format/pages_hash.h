/* SPDX-License-Identifier: MIT */
/* Hashes by which pages are found to be equal: nobody who does not know the secret can make two pages with the same one. */
#ifndef PIMAGE_PAGES_HASH_H
#define PIMAGE_PAGES_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Random bytes, drawn anew by each program that compares; they never leave it. */
struct page_secret {
	uint8_t bytes[192];
};

/* Of 128 bits, so that two different pages have the same one in no lifetime. Zeroed: not known. */
struct page_hash {
	uint64_t low;
	uint64_t high;
};

/* Pure; several threads may call it. 4 KiB take some 0.4 us. */
struct page_hash page_hash(const struct page_secret *secret, const void *page, size_t size);

static inline bool page_hash_is_known(const struct page_hash *hash)
{
	return hash->low || hash->high;
}

/* False where one is not known. */
static inline bool page_hash_same(const struct page_hash *a, const struct page_hash *b)
{
	return page_hash_is_known(a) && a->low == b->low && a->high == b->high;
}

#endif
