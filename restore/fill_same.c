/* SPDX-License-Identifier: MIT */
#include "restore/fill_same.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "kernel/memory.h"
#include "restore/canvas.h"
#include "restore/fill.h"
#include "restore/lazy.h"
#include "restore/restore.h"
#include "restore/tree.h"

#include <stdlib.h>

enum {
	RANGES = 256, /* copied at a time, at most */
	CHUNK = 1 << 20,
};

/* Pages of one process that are on their way to another. */
struct copying {
	struct restore *restore;
	struct canvas *to;
	struct image_memory *image; /* of the process that they go to; NULL: not needed yet */
	const struct canvas *from;  /* of those in the lists */
	struct memory_range sources[RANGES];
	struct memory_range places[RANGES];
	size_t n;
	size_t size; /* of them */
	uint8_t *buffer;
};

static int flush(struct copying *copying, struct err *err)
{
	size_t n = copying->n;

	copying->n = 0;
	copying->size = 0;
	if (!n)
		return 0;
	if (memory_read_ranges(&copying->from->frozen.memory, copying->sources, n, copying->buffer,
			       err) < 0)
		return err_prefix(err, "pages of %s", copying->from->name);
	return memory_write_ranges(&copying->to->frozen.memory, copying->places, n, copying->buffer,
				   err);
}

/* It stands still, and has them. */
static int copy_from(struct copying *copying, const struct canvas *from, uint64_t address,
		     const struct memory_range *to, struct err *err)
{
	uint64_t size = to->end - to->start;

	if ((copying->from != from || copying->n == RANGES || copying->size + size > CHUNK) &&
	    flush(copying, err) < 0)
		return -1;
	copying->from = from;
	copying->sources[copying->n] = (struct memory_range){ address, address + size };
	copying->places[copying->n++] = *to;
	copying->size += size;
	return 0;
}

static int copy_from_image(struct copying *copying, const struct memory_range *to, struct err *err)
{
	const struct restore *restore = copying->restore;

	if (!image_reader_complete(restore->fill->reader))
		return err_set(err, ERR_IMAGE,
			       "its page data is in another order than prestore can take it "
			       "from a pipe: give it as a file");
	/* The buffer is for this, too. */
	if (flush(copying, err) < 0)
		return -1;
	if (!copying->image &&
	    image_memory_open(restore->fill->reader, &restore->image, KIND_memory,
			      copying->to->own_pid, &copying->image, err) < 0)
		return -1;
	if (image_memory_read(copying->image, to->start, copying->buffer, to->end - to->start,
			      err) < 0)
		return -1;
	return memory_write_ranges(&copying->to->frozen.memory, to, 1, copying->buffer, err);
}

/* Of a stream, whatever is before the process that is being filled has been put where it belongs. */
static bool has_pages(const struct restore *restore, const struct canvas *canvas,
		      const struct vma *vma)
{
	return canvas && (canvas->filled || !image_reader_complete(restore->fill->reader)) &&
	       !lazy_covers(restore, canvas->own_pid, vma);
}

static int copy_row(struct copying *copying, const struct same *row, struct err *err)
{
	const struct restore *restore = copying->restore;
	const struct canvas *from = tree_canvas(restore, row->process);
	const struct memory *memory = IMAGE_GET(&restore->image, memory, row->process, 0);
	uint64_t shift = row->address - row->range.start;

	for (uint64_t at = row->range.start, end; at < row->range.end; at = end) {
		const struct vma *vma = memory_find(memory, at + shift);
		struct memory_range to;

		end = row->range.end - at < CHUNK ? row->range.end : at + CHUNK;
		if (end + shift > vma->range.end)
			end = vma->range.end - shift;
		to = (struct memory_range){ at, end };
		if (has_pages(restore, from, vma) ? copy_from(copying, from, at + shift, &to, err)
						  : copy_from_image(copying, &to, err))
			return -1;
	}
	return 0;
}

static int copy_all(struct copying *copying, struct err *err)
{
	const struct restore *restore = copying->restore;
	uint32_t pid = copying->to->own_pid;
	const struct memory *memory = IMAGE_GET(&restore->image, memory, pid, 0);

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (!vma->n_same || lazy_covers(restore, pid, vma))
			continue;
		if (!copying->buffer && !(copying->buffer = malloc(CHUNK)))
			return err_sys(err, "out of memory");
		for (size_t k = 0; k < vma->n_same; k++)
			if (copy_row(copying, &vma->same[k], err) < 0)
				return -1;
	}
	return flush(copying, err);
}

int fill_same(struct restore *restore, struct canvas *canvas, struct err *err)
{
	struct copying copying = { .restore = restore, .to = canvas };
	int ret = copy_all(&copying, err);

	image_memory_free(copying.image);
	free(copying.buffer);
	canvas->filled = true;
	return ret < 0 ? err_prefix(err, "%s: memory", canvas->name) : 0;
}

int fill_same_all(struct restore *restore, struct err *err)
{
	bool *done = calloc(restore->n_canvases, sizeof(*done));
	int ret = 0;

	if (!done)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < restore->n_canvases; i++) {
		done[i] = restore->canvases[i].filled;
		restore->canvases[i].filled = true;
	}
	for (size_t i = 0; i < restore->n_canvases && ret == 0; i++)
		if (!done[i])
			ret = fill_same(restore, &restore->canvases[i], err);
	free(done);
	return ret;
}
