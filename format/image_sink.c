/* SPDX-License-Identifier: MIT */
#include "format/image_sink.h"

#include "format/image_write.h"

static int begin(void *context, const char *name, uint64_t size, struct err *err)
{
	const struct image_sink *sink = context;

	return image_pages_begin(sink->writer, name, size, err);
}

static int write_parts(void *context, const struct iovec *parts, size_t n, struct err *err)
{
	const struct image_sink *sink = context;

	return image_pages_write(sink->writer, parts, n, err);
}

static int end(void *context, const struct page_entry *entry, struct err *err)
{
	const struct image_sink *sink = context;

	return image_pages_end(sink->writer, entry->digest, err);
}

static void wrote(void *context, uint64_t page_size)
{
	struct image_sink *sink = context;

	sink->written += page_size;
	if (sink->wrote)
		sink->wrote(sink->context, sink->written);
}

struct page_sink image_sink(struct image_sink *sink)
{
	return (struct page_sink){
		image_writer_patches(sink->writer), begin, write_parts, end, wrote, sink
	};
}
