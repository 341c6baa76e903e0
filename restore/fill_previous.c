/* SPDX-License-Identifier: MIT */
#include "restore/fill_previous.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/image_previous.h"
#include "format/memory.h"
#include "format/process.h"
#include "format/shm.h"
#include "format/together.h"
#include "kernel/huge.h"
#include "restore/canvas.h"
#include "restore/collapse.h"
#include "restore/fill.h"
#include "restore/lazy.h"
#include "restore/restore.h"
#include "restore/shm.h"

#include <pthread.h>
#include <string.h>

/* A multiple of what is compressed together. */
enum { CHUNK = 1 << 20 };

/* What threads copy side by side, each by a reader of its own. */
struct copying {
	const struct restore *restore;
	struct canvas *canvas; /* NULL: to an object */
	const struct shm *shm;
	struct range *chunks;
	size_t n_chunks;
	pthread_mutex_t lock;
	size_t next;
	bool failed;
	struct err err;
};

static int add_chunks(struct copying *copying, const struct range *range, struct err *err)
{
	for (uint64_t at = range->start, end; at < range->end; at = end) {
		struct range *chunk = LIST_ADD(copying, chunks, err);

		if (!chunk)
			return -1;
		/* Parted at the same addresses in whatever range: neighbours are read by the same thread, mostly. */
		end = (at | (CHUNK - 1)) + 1;
		if (end > range->end)
			end = range->end;
		*chunk = (struct range){ at, end };
	}
	return 0;
}

static int add_all(struct copying *copying, const struct memory *memory, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (lazy_covers(copying->restore, copying->canvas->own_pid, vma))
			continue;
		for (size_t k = 0; k < vma->n_previous; k++)
			if (add_chunks(copying, &vma->previous[k], err) < 0)
				return -1;
	}
	return 0;
}

static const struct range *take(struct copying *copying)
{
	const struct range *chunk = NULL;

	pthread_mutex_lock(&copying->lock);
	if (!copying->failed && copying->next < copying->n_chunks)
		chunk = &copying->chunks[copying->next++];
	pthread_mutex_unlock(&copying->lock);
	return chunk;
}

static int put(const struct copying *copying, const struct range *chunk, const void *pages,
	       struct err *err)
{
	const struct memory_range to = { chunk->start, chunk->end };

	if (copying->canvas)
		return memory_write_ranges(&copying->canvas->frozen.memory, &to, 1, pages, err);
	return shm_fill(copying->restore, copying->shm->id, to.start, pages, to.end - to.start,
			err);
}

static int copy(struct copying *copying, struct err *err)
{
	const struct image_previous *previous = copying->restore->image.previous;
	_cleanup_image_memory_ struct image_memory *from = NULL;
	_cleanup_free_ uint8_t *buffer = malloc(CHUNK);
	const struct range *chunk;

	if (!buffer)
		return err_sys(err, "out of memory");
	if (image_memory_open(previous->reader, &previous->image,
			      copying->canvas ? KIND_memory : KIND_shm,
			      copying->canvas ? copying->canvas->own_pid : copying->shm->before,
			      &from, err) < 0)
		return -1;
	while ((chunk = take(copying)))
		if (image_memory_read(from, chunk->start, buffer, chunk->end - chunk->start, err) <
			    0 ||
		    put(copying, chunk, buffer, err) < 0)
			return -1;
	return 0;
}

/* Each has a reader of its own. */
static void work(void *context, size_t index)
{
	struct copying *copying = context;
	struct err err;

	(void)index;
	if (copy(copying, &err) == 0)
		return;
	pthread_mutex_lock(&copying->lock);
	if (!copying->failed)
		copying->err = err;
	copying->failed = true;
	pthread_mutex_unlock(&copying->lock);
}

static int work_together(struct copying *copying, struct err *err)
{
	unsigned threads;

	restore_spread(copying->restore);
	threads = fill_threads(copying->restore->features);
	if (threads > copying->n_chunks)
		threads = (unsigned)copying->n_chunks;
	pthread_mutex_init(&copying->lock, NULL);
	together(threads, threads, work, copying);
	pthread_mutex_destroy(&copying->lock);
	if (copying->failed && err)
		*err = copying->err;
	return copying->failed ? -1 : 0;
}

/* Where whole blocks are in images before; those that several images have parts of stay as they are. */
static int make_huge(const struct copying *copying, const struct memory *memory, struct err *err)
{
	const struct restore *restore = copying->restore;
	_cleanup_free_ struct vma *vmas = calloc(memory->n_vmas + 1, sizeof(*vmas));
	const struct memory previous = { .vmas = vmas, .n_vmas = memory->n_vmas };
	struct collapse collapse = { .memory = &previous };

	if (!vmas)
		return err_sys(err, "out of memory");
	if (!IMAGE_GET(&restore->image, process, copying->canvas->own_pid, 0)->thp_disable)
		collapse.size = huge_page_size(restore->features);
	memcpy(vmas, memory->vmas, memory->n_vmas * sizeof(*vmas));
	for (size_t i = 0; i < memory->n_vmas; i++) {
		bool later = lazy_covers(restore, copying->canvas->own_pid, &memory->vmas[i]);

		vmas[i].saved = vmas[i].previous;
		vmas[i].n_saved = later ? 0 : vmas[i].n_previous;
	}
	return collapse_run(&collapse, copying->canvas, UINT64_MAX, err);
}

int fill_previous(const struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct memory *memory = IMAGE_GET(&restore->image, memory, canvas->own_pid, 0);
	struct copying copying = { .restore = restore, .canvas = canvas };
	int ret;

	ret = add_all(&copying, memory, err);
	if (ret == 0 && copying.n_chunks)
		ret = make_huge(&copying, memory, err);
	if (ret == 0 && copying.n_chunks)
		ret = work_together(&copying, err);
	free(copying.chunks);
	return ret;
}

static int fill_object(const struct restore *restore, const struct shm *shm, struct err *err)
{
	struct copying copying = { .restore = restore, .shm = shm };
	int ret = 0;

	for (size_t i = 0; i < shm->n_previous && ret == 0; i++)
		ret = add_chunks(&copying, &shm->previous[i], err);
	if (ret == 0 && copying.n_chunks)
		ret = work_together(&copying, err);
	free(copying.chunks);
	return ret;
}

int fill_previous_objects(const struct restore *restore, struct err *err)
{
	IMAGE_EACH (&restore->image, shm, shm)
		if (fill_object(restore, shm, err) < 0)
			return err_prefix(err, "shm %u", shm->id);
	return 0;
}
