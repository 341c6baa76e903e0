/* SPDX-License-Identifier: MIT */
/* Makes entries of page data: threads take frames, and the writing and digesting of what is made, in turns. */
#include "format/cleanup.h"
#include "format/digest.h"
#include "format/err.h"
#include "format/pages.h"
#include "format/pages_queue.h"
#include "format/together.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
	THREADS_MAX = 256,
	/* Below this the work is done before a thread has started. */
	FRAMES_PER_THREAD = 4,
};

/* What one thread needs for itself. The first worker is the caller's own thread. */
struct worker {
	struct page_writer *writer;
	pthread_t thread;
	struct frame_maker maker;
};

struct page_writer {
	struct page_writer_options options;
	struct worker *workers; /* options.threads, that there may be */
	unsigned n_started;	/* threads that there are, beside the caller's */

	pthread_mutex_t lock;
	pthread_cond_t work; /* there may be something to take, or quit */
	pthread_cond_t done; /* something was made */
	bool quit;
	/* Under the lock, but for what a task leaves to who has taken it. */
	struct page_queue queue;
	struct err err; /* of the entry that failed */
	bool failed;
};

static int failed(struct page_writer *writer, const char *name, const struct err *why)
{
	writer->failed = true;
	writer->err = *why;
	return err_prefix(&writer->err, "%s", name);
}

/* The sink names what it was told the name of. */
static void failed_to_write(struct page_writer *writer, const struct task *task)
{
	writer->failed = true;
	writer->err = task->err;
	if (task->ahead)
		err_prefix(&writer->err, "image entry %s", task->entry->name);
}

/* One entry has to be in memory as a whole where its size must be told first. */
static int failed_for_memory(struct page_writer *writer, const char *name)
{
	struct err why;

	errno = ENOMEM;
	err_sys(&why, "memory for the page data of an entry");
	return failed(writer, name, &why);
}

/* Called and left with the lock held. */
static void do_task(struct worker *worker, struct task *task)
{
	struct page_writer *writer = worker->writer;

	pthread_mutex_unlock(&writer->lock);
	task_do(&writer->queue.sink, writer->queue.digests, task, &worker->maker);
	pthread_mutex_lock(&writer->lock);
	page_queue_done(&writer->queue, task);
	/* Of frames the first in order is told (page_queue_failed). */
	if (task->kind == TASK_WRITE && task->result < 0)
		failed_to_write(writer, task);
	pthread_cond_broadcast(&writer->work);
	pthread_cond_signal(&writer->done);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct page_writer *writer = worker->writer;
	unsigned number = (unsigned)(worker - writer->workers);
	struct task task;

	pthread_mutex_lock(&writer->lock);
	while (!writer->quit) {
		if (!writer->failed && page_queue_take(&writer->queue, number, &task))
			do_task(worker, &task);
		else
			pthread_cond_wait(&writer->work, &writer->lock);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

int page_writer_new(const struct page_writer_options *options, const struct page_sink *sink,
		    struct page_writer **ret_writer, struct err *err)
{
	struct page_writer *writer = calloc(1, sizeof(*writer));
	unsigned threads = options->threads;

	if (!writer)
		return err_sys(err, "memory for page data");
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->work, NULL);
	pthread_cond_init(&writer->done, NULL);
	writer->options = *options;
	writer->options.threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
	page_queue_init(&writer->queue, &writer->options, sink);
	writer->workers = calloc(writer->options.threads, sizeof(*writer->workers));
	if (!writer->workers) {
		err_sys(err, "memory for page data");
		goto fail;
	}
	for (unsigned i = 0; i < writer->options.threads; i++) {
		writer->workers[i].writer = writer;
		if (frame_maker_init(&writer->workers[i].maker, options->level, err) < 0)
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
	for (unsigned i = 0; writer->workers && i < writer->options.threads; i++)
		frame_maker_done(&writer->workers[i].maker);
	free(writer->workers);
	page_queue_free(&writer->queue);
	pthread_cond_destroy(&writer->done);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

/*
 * As many threads as there is work for. That one cannot be had is no failure: the caller's does it
 * all then.
 */
static void start_workers(struct page_writer *writer)
{
	size_t wanted = page_queue_frames(&writer->queue) / FRAMES_PER_THREAD;

	while (writer->n_started + 1 < writer->options.threads && writer->n_started < wanted) {
		struct worker *worker = &writer->workers[writer->n_started + 1];

		if (together_start(&worker->thread, worker_main, worker) != 0)
			break;
		writer->n_started++;
	}
}

/* What the sink does there may take its time. */
static void tell(struct page_writer *writer, const struct queued_entry *entry)
{
	const struct page_sink *sink = &writer->queue.sink;

	if (!sink->wrote)
		return;
	pthread_mutex_unlock(&writer->lock);
	sink->wrote(sink->context, entry->size);
	pthread_mutex_lock(&writer->lock);
}

/* Works or waits until no more than `most` entries are left. With the lock held. */
static int work_down(struct page_writer *writer, size_t most)
{
	struct page_queue *queue = &writer->queue;
	struct task task;

	while (!writer->failed && queue->n_entries) {
		struct queued_entry *entry = page_queue_oldest(queue);

		if (page_queue_failed(entry))
			return failed(writer, entry->name, &entry->err);
		if (entry->ended) {
			tell(writer, entry);
			page_queue_drop(queue);
		} else if (queue->n_entries <= most) {
			return 0;
		} else if (page_queue_take(queue, 0, &task)) {
			do_task(&writer->workers[0], &task);
		} else if (page_queue_idle(queue)) {
			return failed_for_memory(writer, entry->name);
		} else {
			pthread_cond_wait(&writer->done, &writer->lock);
		}
	}
	return writer->failed ? -1 : 0;
}

int page_writer_add(struct page_writer *writer, const char *name, const struct page_source *pages,
		    uint64_t size, void (*release)(void *context), struct err *err)
{
	struct err why;
	int r;

	pthread_mutex_lock(&writer->lock);
	r = work_down(writer, writer->queue.room - 1);
	if (r < 0) {
		if (release)
			release(pages->context);
	} else if (page_queue_add(&writer->queue, name, pages, size, release, &why) < 0) {
		r = failed(writer, name, &why);
	} else {
		start_workers(writer);
		pthread_cond_broadcast(&writer->work);
	}
	if (r < 0 && err)
		*err = writer->err;
	pthread_mutex_unlock(&writer->lock);
	return r;
}

int page_writer_drain(struct page_writer *writer, struct err *err)
{
	int r;

	pthread_mutex_lock(&writer->lock);
	r = work_down(writer, 0);
	if (r < 0 && err)
		*err = writer->err;
	pthread_mutex_unlock(&writer->lock);
	return r;
}
