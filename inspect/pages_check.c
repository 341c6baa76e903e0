/* SPDX-License-Identifier: MIT */
#include "inspect/pages_check.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <inttypes.h>

enum { CHUNK = 256 << 10 };

int pages_check(struct page_reader *reader, const struct page_stream *entry, uint64_t size,
		struct err *err)
{
	_cleanup_free_ void *buffer = malloc(CHUNK);
	uint64_t left = size;

	if (!buffer)
		return err_sys(err, "out of memory");
	page_reader_start(reader, entry);
	while (left) {
		ssize_t n = page_reader_read(reader, buffer, left < CHUNK ? left : CHUNK, err);

		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, ERR_IMAGE,
				       "it holds %" PRIu64
				       " bytes of pages, the record says %" PRIu64,
				       size - left, size);
		left -= (uint64_t)n;
	}
	return page_reader_end(reader, err);
}
