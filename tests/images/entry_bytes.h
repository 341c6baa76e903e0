/* SPDX-License-Identifier: MIT */
/* An entry of page data as the real writer makes it, in memory. */
#ifndef PIMAGE_TESTS_ENTRY_BYTES_H
#define PIMAGE_TESTS_ENTRY_BYTES_H

#include "format/err.h"
#include "format/pages.h"

#include <stdlib.h>
#include <string.h>

struct entry_bytes {
	uint8_t *data;
	size_t size;
};

static inline int entry_bytes_begin(void *context, const char *name, uint64_t size, struct err *err)
{
	struct entry_bytes *entry = context;

	(void)name;
	entry->data = malloc(size + 1);
	return entry->data ? 0 : err_sys(err, "out of memory");
}

static inline int entry_bytes_add(void *context, const struct iovec *parts, size_t n,
				  struct err *err)
{
	struct entry_bytes *entry = context;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		memcpy(entry->data + entry->size, parts[i].iov_base, parts[i].iov_len);
		entry->size += parts[i].iov_len;
	}
	return 0;
}

static inline int entry_bytes_end(void *context, const struct page_entry *entry, struct err *err)
{
	(void)context;
	(void)entry;
	(void)err;
	return 0;
}

/* malloc'd; NULL with err set. */
static inline uint8_t *entry_bytes(int level, const struct page_source *source, uint64_t size,
				   size_t *ret_size, struct err *err)
{
	const struct page_writer_options options = { 1, level, false };
	struct entry_bytes entry = { 0 };
	const struct page_sink sink = {
		false, entry_bytes_begin, entry_bytes_add, entry_bytes_end, NULL, &entry, NULL
	};
	struct page_writer *writer = NULL;

	if (page_writer_new(&options, &sink, &writer, err) < 0 ||
	    page_writer_add(writer, "entry", source, size, NULL, err) < 0 ||
	    page_writer_drain(writer, err) < 0) {
		free(entry.data);
		entry.data = NULL;
	}
	page_writer_free(writer);
	*ret_size = entry.size;
	return entry.data;
}

#endif
