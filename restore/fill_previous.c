/* SPDX-License-Identifier: MIT */
#include "restore/fill_previous.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/image_previous.h"
#include "format/memory.h"
#include "restore/canvas.h"
#include "restore/lazy.h"
#include "restore/restore.h"

enum { CHUNK = 1 << 20 };

struct copying {
	struct canvas *canvas;
	struct image_memory *from;
	void *buffer;
};

static int copy_range(const struct copying *copying, const struct range *range, struct err *err)
{
	for (uint64_t at = range->start; at < range->end; at += CHUNK) {
		size_t size = range->end - at < CHUNK ? range->end - at : CHUNK;
		struct memory_range to = { at, at + size };

		if (image_memory_read(copying->from, at, copying->buffer, size, err) < 0 ||
		    memory_write_ranges(&copying->canvas->frozen.memory, &to, 1, copying->buffer,
					err) < 0)
			return -1;
	}
	return 0;
}

static bool leads_back(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].n_previous)
			return true;
	return false;
}

int fill_previous(const struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct memory *memory = IMAGE_GET(&restore->image, memory, canvas->own_pid, 0);
	const struct image_previous *previous = restore->image.previous;
	_cleanup_image_memory_ struct image_memory *from = NULL;
	_cleanup_free_ void *buffer = NULL;
	struct copying copying = { .canvas = canvas };

	if (!leads_back(memory))
		return 0;
	buffer = malloc(CHUNK);
	if (!buffer)
		return err_sys(err, "out of memory");
	if (image_memory_open(previous->reader, &previous->image, KIND_memory, canvas->own_pid,
			      &from, err) < 0)
		return -1;
	copying.from = from;
	copying.buffer = buffer;
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (lazy_covers(restore, canvas->own_pid, vma))
			continue;
		for (size_t k = 0; k < vma->n_previous; k++)
			if (copy_range(&copying, &vma->previous[k], err) < 0)
				return -1;
	}
	return 0;
}
