/* SPDX-License-Identifier: MIT */
/* Page data, decoded to the end and thrown away: whether it is what a record says. */
#ifndef PIMAGE_INSPECT_PAGES_CHECK_H
#define PIMAGE_INSPECT_PAGES_CHECK_H

#include "format/pages.h"

struct err;

/* Every frame with its checksum, the seek table, and exactly `size` bytes of pages. */
int pages_check(struct page_reader *reader, const struct page_stream *entry, uint64_t size,
		struct err *err);

#endif
