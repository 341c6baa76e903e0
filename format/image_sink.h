/* SPDX-License-Identifier: MIT */
/* An image that is written as the place where page data goes. */
#ifndef PIMAGE_IMAGE_SINK_H
#define PIMAGE_IMAGE_SINK_H

#include "format/pages.h"

struct image_writer;

struct image_sink {
	struct image_writer *writer;
	/* Told after each entry how many bytes of pages are written by now; may be NULL. */
	void (*wrote)(void *context, uint64_t size);
	void *context;
	uint64_t written;
};

/* The sink must stay as long as the page writer. */
struct page_sink image_sink(struct image_sink *sink);

#endif
