/* SPDX-License-Identifier: MIT */
/* The numbers of the zstd format that page data is made of. Shared by the pages files only. */
#ifndef PIMAGE_PAGES_FRAME_H
#define PIMAGE_PAGES_FRAME_H

#include "format/pages.h"

#define ZSTD_MAGIC 0xFD2FB528u

/* RFC 8878, 3.1.1.1.1: the frame header descriptor, the byte after the magic number. */
enum {
	FRAME_CHECKSUM = 1 << 2,
	FRAME_SINGLE_SEGMENT = 1 << 5,
	FRAME_CONTENT_SIZE_32 = 2 << 6,
	FRAME_HEADER_MIN = 5,
};

/* RFC 8878, 3.1.2: sixteen magic numbers, then a size. */
#define SKIPPABLE_MAGIC	     0x184D2A50u
#define SKIPPABLE_MAGIC_MASK 0xFFFFFFF0u

/*
 * The seek table: rows of compressed size, decompressed size and (with TABLE_CHECKSUMS) checksum,
 * then a footer of number of rows, descriptor and magic number.
 */
#define TABLE_FRAME_MAGIC 0x184D2A5Eu
#define TABLE_MAGIC	  0x8F92EAB1u
enum {
	SKIPPABLE_HEADER = 8,
	TABLE_ROW = 12,
	TABLE_ROW_SHORT = 8,
	TABLE_FOOTER = 9,
	TABLE_CHECKSUMS = 1 << 7,
	TABLE_RESERVED = 0x7c,
};

#define NO_CHECKSUM "a frame has no checksum; compress it anew with zstd --check"

/* page_table_read() of the whole skippable frame, whose footer carries TABLE_MAGIC; frames_size:
 * the bytes before it. */
int page_table_parse(const uint8_t *table, size_t size, uint64_t frames_size,
		     struct page_table *ret_table, struct err *err);

#endif
