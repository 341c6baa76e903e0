/* SPDX-License-Identifier: MIT */
/* Makes entries of page data: workers take frames in turn and put each into a place of its own. */
#include "format/bytes.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pages.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

enum {
	THREADS_MAX = 256,
	/* Below this an entry is done before a thread has started. */
	FRAMES_PER_THREAD = 4,
};

/* What one thread needs for itself. The first worker is the caller's own thread. */
struct worker {
	struct page_writer *writer;
	pthread_t thread;
	struct page_coder *coder;
	uint8_t *pages;
};

struct buffer {
	uint8_t *data;
	size_t capacity;
};

struct page_writer {
	struct worker *workers;
	unsigned n_workers; /* that there may be */
	unsigned n_started; /* threads that there are, beside the caller's */
	struct buffer buffers[2];
	unsigned current; /* the buffer that is being filled */

	pthread_mutex_t lock;
	pthread_cond_t work; /* there are frames to take, or quit */
	pthread_cond_t idle; /* the last busy thread has finished */
	bool quit;

	/* The entry being made; under the lock, but for what only changes while nobody is busy. */
	struct page_source source;
	uint64_t size;
	size_t n_frames;
	size_t next;
	unsigned busy;
	struct page_frame *frames;
	size_t failed; /* the first frame that failed, so that the message does not depend on timing
			*/
	struct err err;
};

static size_t frame_pages(const struct page_writer *writer, size_t index)
{
	uint64_t left = writer->size - (uint64_t)index * PAGES_FRAME_SIZE;

	return left < PAGES_FRAME_SIZE ? left : PAGES_FRAME_SIZE;
}

/* Without the lock: touches only what belongs to this frame and this worker. */
static int make_frame(struct worker *worker, size_t index, struct err *err)
{
	struct page_writer *writer = worker->writer;
	size_t size = frame_pages(writer, index);
	uint8_t *place = writer->buffers[writer->current].data + index * PAGES_FRAME_MAX;
	struct page_frame *frame = &writer->frames[index];
	ssize_t n;

	if (!worker->pages)
		worker->pages = malloc(PAGES_FRAME_SIZE);
	if (!worker->pages)
		return err_sys(err, "memory for a frame of pages");
	if (writer->source.read(writer->source.context, (uint64_t)index * PAGES_FRAME_SIZE,
				worker->pages, size, err) < 0)
		return -1;
	n = page_frame_encode(worker->coder, worker->pages, size, place, err);
	if (n < 0)
		return -1;
	frame->size = (uint32_t)n;
	frame->page_size = (uint32_t)size;
	frame->checksum = get_le32(place + n - 4);
	return 0;
}

/* Takes frames until there are none left. Called and left with the lock held. */
static void make_frames(struct worker *worker)
{
	struct page_writer *writer = worker->writer;

	writer->busy++;
	while (writer->next < writer->n_frames) {
		size_t index = writer->next++;
		struct err err;
		int r;

		pthread_mutex_unlock(&writer->lock);
		r = make_frame(worker, index, &err);
		pthread_mutex_lock(&writer->lock);
		if (r < 0 && index < writer->failed) {
			writer->failed = index;
			writer->err = err;
			writer->next = writer->n_frames;
		}
	}
	if (--writer->busy == 0)
		pthread_cond_signal(&writer->idle);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct page_writer *writer = worker->writer;

	pthread_mutex_lock(&writer->lock);
	while (!writer->quit) {
		if (writer->next < writer->n_frames)
			make_frames(worker);
		else
			pthread_cond_wait(&writer->work, &writer->lock);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

int page_writer_new(unsigned threads, int level, struct page_writer **ret_writer, struct err *err)
{
	struct page_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return err_sys(err, "memory for page data");
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->work, NULL);
	pthread_cond_init(&writer->idle, NULL);
	writer->n_workers = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
	writer->workers = calloc(writer->n_workers, sizeof(*writer->workers));
	writer->frames = calloc(PAGES_DATA_MAX / PAGES_FRAME_SIZE, sizeof(*writer->frames));
	if (!writer->workers || !writer->frames) {
		err_sys(err, "memory for page data");
		goto fail;
	}
	for (unsigned i = 0; i < writer->n_workers; i++) {
		writer->workers[i].writer = writer;
		if (page_coder_new(level, &writer->workers[i].coder, err) < 0)
			goto fail;
	}
	*ret_writer = writer;
	return 0;
fail:
	page_writer_free(writer);
	return -1;
}

static void stop_workers(struct page_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->next = writer->n_frames;
	writer->quit = true;
	pthread_cond_broadcast(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	for (unsigned i = 1; i <= writer->n_started; i++)
		pthread_join(writer->workers[i].thread, NULL);
}

void page_writer_free(struct page_writer *writer)
{
	if (!writer)
		return;
	stop_workers(writer);
	for (unsigned i = 0; writer->workers && i < writer->n_workers; i++) {
		page_coder_free(writer->workers[i].coder);
		free(writer->workers[i].pages);
	}
	free(writer->workers);
	free(writer->frames);
	free(writer->buffers[0].data);
	free(writer->buffers[1].data);
	pthread_cond_destroy(&writer->idle);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

/*
 * As many threads as the entry has work for. That one cannot be had is no failure: the caller's
 * does it all then. Signals stay with the caller's thread.
 */
static void start_workers(struct page_writer *writer)
{
	size_t wanted = writer->n_frames / FRAMES_PER_THREAD;
	sigset_t all, before;

	if (writer->n_started + 1 >= writer->n_workers || writer->n_started >= wanted)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (writer->n_started + 1 < writer->n_workers && writer->n_started < wanted) {
		struct worker *worker = &writer->workers[writer->n_started + 1];

		if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
			break;
		writer->n_started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Grows without keeping the contents; what is not used is never touched. */
static int need_buffer(struct buffer *buffer, size_t capacity, struct err *err)
{
	if (buffer->capacity >= capacity)
		return 0;
	free(buffer->data);
	buffer->capacity = 0;
	buffer->data = malloc(capacity);
	if (!buffer->data)
		return err_sys(err, "%zu bytes of memory for page data", capacity);
	buffer->capacity = capacity;
	return 0;
}

int page_writer_start(struct page_writer *writer, const struct page_source *pages, uint64_t size,
		      struct err *err)
{
	size_t n_frames = (size + PAGES_FRAME_SIZE - 1) / PAGES_FRAME_SIZE;
	unsigned other = !writer->current;

	if (size == 0 || size > PAGES_DATA_MAX)
		return err_set(err, ERR_FAILED, "%llu bytes of pages in one entry: expected 1..%d",
			       (unsigned long long)size, PAGES_DATA_MAX);
	if (need_buffer(&writer->buffers[other],
			n_frames * PAGES_FRAME_MAX + page_table_size(n_frames), err) < 0)
		return -1;
	pthread_mutex_lock(&writer->lock);
	writer->current = other;
	writer->source = *pages;
	writer->size = size;
	writer->n_frames = n_frames;
	writer->failed = n_frames;
	writer->next = 0;
	start_workers(writer);
	pthread_cond_broadcast(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	return 0;
}

/* The frames move together and the seek table goes behind them. */
static size_t join_frames(struct page_writer *writer)
{
	uint8_t *data = writer->buffers[writer->current].data;
	size_t at = 0;

	for (size_t i = 0; i < writer->n_frames; i++) {
		if (at != i * PAGES_FRAME_MAX)
			memmove(data + at, data + i * PAGES_FRAME_MAX, writer->frames[i].size);
		at += writer->frames[i].size;
	}
	page_table_write(writer->frames, writer->n_frames, data + at);
	return at + page_table_size(writer->n_frames);
}

int page_writer_finish(struct page_writer *writer, const void **ret_data, size_t *ret_size,
		       struct err *err)
{
	bool failed;

	pthread_mutex_lock(&writer->lock);
	make_frames(&writer->workers[0]);
	while (writer->busy)
		pthread_cond_wait(&writer->idle, &writer->lock);
	failed = writer->failed < writer->n_frames;
	if (failed && err)
		*err = writer->err;
	pthread_mutex_unlock(&writer->lock);
	if (failed)
		return -1;
	*ret_size = join_frames(writer);
	*ret_data = writer->buffers[writer->current].data;
	return 0;
}

int page_writer_entry(struct page_writer *writer, const struct page_source *pages, uint64_t size,
		      const void **ret_data, size_t *ret_size, struct err *err)
{
	if (page_writer_start(writer, pages, size, err) < 0)
		return -1;
	return page_writer_finish(writer, ret_data, ret_size, err);
}
