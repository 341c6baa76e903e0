/* SPDX-License-Identifier: MIT */
#include "format/pages_hash.h"

#include <xxhash.h>

struct page_hash page_hash(const struct page_secret *secret, const void *page, size_t size)
{
	XXH128_hash_t hash =
		XXH3_128bits_withSecret(page, size, secret->bytes, sizeof(secret->bytes));

	return (struct page_hash){ hash.low64, hash.high64 };
}
