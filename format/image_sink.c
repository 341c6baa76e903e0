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

static int write_ahead(void *context, uint64_t place, const struct iovec *parts, size_t n,
		       struct err *err)
{
	const struct image_sink *sink = context;

	return image_pages_ahead(sink->writer, place, parts, n, err);
}

static uint64_t place(void *context)
{
	const struct image_sink *sink = context;

	return image_writer_size(sink->writer);
}

static int skip(void *context, uint64_t size, struct err *err)
{
	const struct image_sink *sink = context;

	return image_pages_skip(sink->writer, size, err);
}

struct page_sink image_sink(struct image_sink *sink)
{
	static const struct page_ahead ahead = { write_ahead, place, image_pages_behind, skip };

	return (struct page_sink){
		.any_size = image_writer_patches(sink->writer),
		.begin = begin,
		.write = write_parts,
		.end = end,
		.wrote = wrote,
		.context = sink,
		.ahead = image_writer_foresees(sink->writer) ? &ahead : NULL,
	};
}
