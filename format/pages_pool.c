/* SPDX-License-Identifier: MIT */
#include "format/pages_pool.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/together.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum {
	/* Below this they are done before a thread has started. */
	FRAMES_PER_THREAD = 4,
	/* Of an entry without a table, which is read in order. */
	STREAM_STEP = 1 << 20,
};

/* An entry on its way. */
struct task {
	struct task *next;
	struct page_job job;
	struct page_table table;
	bool in_order; /* no table: all of it is one piece of work */
	size_t n_steps;
	size_t taken;
	size_t finished;
};

/* What one thread needs for itself. */
struct worker {
	struct page_pool *pool;
	pthread_t thread;
	struct page_coder *coder;
	struct page_reader *reader;
	uint8_t *frame;
	size_t frame_room;
	uint8_t *pages;
	size_t pages_room;
};

struct page_pool {
	struct worker *workers; /* the first is the caller */
	unsigned n_workers;
	unsigned n_started;

	pthread_mutex_t lock;
	pthread_cond_t work; /* there is something to take, or quit */
	pthread_cond_t idle; /* an entry is done, or work has failed */
	bool quit;

	/* Under the lock. */
	struct task *first;
	struct task **end;
	size_t n_tasks;
	size_t n_waiting; /* steps that nobody has taken */
	unsigned busy;
	bool failed;
	struct task *
		failed_task; /* the first frame that failed, so that the message does not depend on timing */
	size_t failed_step;
	struct err err;
};

int page_pool_new(unsigned threads, struct page_pool **ret_pool, struct err *err)
{
	struct page_pool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->workers = calloc(threads, sizeof(*pool->workers));
	if (!pool || !pool->workers) {
		free(pool);
		return err_sys(err, "memory for reading pages");
	}
	pool->n_workers = threads;
	pool->n_started = 1;
	pool->end = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->idle, NULL);
	for (unsigned i = 0; i < threads; i++)
		pool->workers[i].pool = pool;
	*ret_pool = pool;
	return 0;
}

static void free_task(struct task *task)
{
	if (task->job.done)
		task->job.done(task->job.context);
	page_table_done(&task->table);
	free(task);
}

static void free_worker(struct worker *worker)
{
	page_coder_free(worker->coder);
	page_reader_free(worker->reader);
	free(worker->frame);
	free(worker->pages);
}

void page_pool_free(struct page_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->quit = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 1; i < pool->n_started; i++)
		pthread_join(pool->workers[i].thread, NULL);
	for (unsigned i = 0; i < pool->n_workers; i++)
		free_worker(&pool->workers[i]);
	while (pool->first) {
		struct task *next = pool->first->next;

		free_task(pool->first);
		pool->first = next;
	}
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->idle);
	free(pool->workers);
	free(pool);
}

static int make_room(uint8_t **buffer, size_t *room, size_t size, struct err *err)
{
	if (size <= *room)
		return 0;
	free(*buffer);
	*room = 0;
	*buffer = malloc(size);
	if (!*buffer)
		return err_sys(err, "memory for a frame of pages");
	*room = size;
	return 0;
}

static int put_frame(struct worker *worker, const struct task *task, size_t index, struct err *err)
{
	const struct page_frame *row = &task->table.frames[index];
	const struct page_job *job = &task->job;
	struct page_piece pieces[PAGES_PIECES_MAX];
	uint64_t at = row->page_offset;
	int n;

	if (!worker->coder && page_coder_new(PAGES_LEVEL_NONE, &worker->coder, err) < 0)
		return -1;
	if (make_room(&worker->frame, &worker->frame_room, row->size, err) < 0 ||
	    make_room(&worker->pages, &worker->pages_room, row->page_size, err) < 0 ||
	    job->entry.read(job->entry.context, row->offset, worker->frame, row->size, err) < 0)
		return -1;
	n = page_table_pieces(row, worker->coder, worker->frame, worker->pages, pieces, err);
	for (int i = 0; i < n; i++) {
		if (job->put(job->context, at, pieces[i].bytes, pieces[i].size, err) < 0)
			return -1;
		at += pieces[i].size;
	}
	return n < 0 ? -1 : 0;
}

/* An entry as a stream, for the reader in order. */
struct entry_stream {
	const struct page_job *job;
	uint64_t at;
};

static ssize_t read_entry(void *context, void *buffer, size_t size, struct err *err)
{
	struct entry_stream *stream = context;
	const struct page_job *job = stream->job;
	uint64_t left = job->entry_size - stream->at;

	if (size > left)
		size = left;
	if (size && job->entry.read(job->entry.context, stream->at, buffer, size, err) < 0)
		return -1;
	stream->at += size;
	return (ssize_t)size;
}

static int put_in_order(struct worker *worker, const struct page_job *job, struct err *err)
{
	struct entry_stream from = { job, 0 };
	size_t step = job->size < STREAM_STEP ? job->size : STREAM_STEP;
	const struct page_stream stream = { read_entry, &from };

	if (!worker->reader && page_reader_new(&worker->reader, err) < 0)
		return -1;
	if (make_room(&worker->pages, &worker->pages_room, step, err) < 0)
		return -1;
	page_reader_start(worker->reader, &stream);
	for (uint64_t done = 0; done < job->size;) {
		size_t want = job->size - done < step ? job->size - done : step;
		ssize_t n = page_reader_read(worker->reader, worker->pages, want, err);

		if (n < 0)
			return -1;
		if ((size_t)n < want)
			return err_set(err, ERR_IMAGE, "it ends after %llu of %llu bytes of pages",
				       (unsigned long long)done + (size_t)n,
				       (unsigned long long)job->size);
		if ((!job->wanted || job->wanted(job->context, done, want)) &&
		    job->put(job->context, done, worker->pages, want, err) < 0)
			return -1;
		done += want;
	}
	return page_reader_end(worker->reader, err);
}

/* The next step that nobody has taken. Called with the lock held. */
static struct task *next_task(const struct page_pool *pool)
{
	for (struct task *task = pool->first; task && !pool->failed; task = task->next)
		if (task->taken < task->n_steps)
			return task;
	return NULL;
}

static bool is_before(const struct page_pool *pool, const struct task *task, size_t step)
{
	if (!pool->failed_task)
		return true;
	if (task == pool->failed_task)
		return step < pool->failed_step;
	for (const struct task *t = pool->first; t != pool->failed_task; t = t->next)
		if (t == task)
			return true;
	return false;
}

static void note_failure(struct page_pool *pool, struct task *task, size_t step,
			 const struct err *err)
{
	pool->failed = true;
	if (!is_before(pool, task, step))
		return;
	pool->failed_task = task;
	pool->failed_step = step;
	pool->err = *err;
	err_prefix(&pool->err, "%s", task->job.name);
}

static void unlink_task(struct page_pool *pool, struct task *task)
{
	struct task **at = &pool->first;

	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
	if (pool->end == &task->next)
		pool->end = at;
	pool->n_tasks--;
}

/* One step of a task. Called with the lock held, which is let go meanwhile. */
static void take_step(struct worker *worker, struct task *task)
{
	struct page_pool *pool = worker->pool;
	size_t step = task->taken++;
	struct err err = { 0 };
	int ret;

	pool->n_waiting--;
	pool->busy++;
	pthread_mutex_unlock(&pool->lock);
	ret = task->in_order ? put_in_order(worker, &task->job, &err)
			     : put_frame(worker, task, step, &err);
	pthread_mutex_lock(&pool->lock);
	pool->busy--;
	if (ret < 0)
		note_failure(pool, task, step, &err);
	if (++task->finished == task->n_steps && !pool->failed) {
		unlink_task(pool, task);
		free_task(task);
	}
	pthread_cond_broadcast(&pool->idle);
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct page_pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	while (!pool->quit) {
		struct task *task = next_task(pool);

		if (task)
			take_step(worker, task);
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* What cannot be started is done by those that are there. */
static void start_worker(struct page_pool *pool)
{
	struct worker *worker = &pool->workers[pool->n_started];

	if (together_start(&worker->thread, work, worker) == 0)
		pool->n_started++;
}

/* Only those are steps, so that no thread is started for others. */
static void leave_wanted(struct task *task)
{
	const struct page_job *job = &task->job;
	struct page_table *table = &task->table;
	size_t kept = 0;

	for (size_t i = 0; i < table->n_frames; i++)
		if (!job->wanted || job->wanted(job->context, table->frames[i].page_offset,
						table->frames[i].page_size))
			table->frames[kept++] = table->frames[i];
	table->n_frames = kept;
}

static int read_table(struct task *task, struct err *err)
{
	const struct page_job *job = &task->job;
	int ret = page_table_read(&job->entry, job->entry_size, &task->table, err);

	if (ret < 0)
		return -1;
	task->in_order = ret == 0;
	if (!task->in_order && task->table.size != job->size)
		return err_set(err, ERR_IMAGE, "it holds %llu bytes of pages, not %llu",
			       (unsigned long long)task->table.size, (unsigned long long)job->size);
	leave_wanted(task);
	task->n_steps = task->in_order ? 1 : task->table.n_frames;
	return 0;
}

static int judge(struct page_pool *pool, struct err *err)
{
	if (pool->failed && err)
		*err = pool->err;
	return pool->failed ? -1 : 0;
}

static int enqueue(struct page_pool *pool, struct task *task, struct err *err)
{
	int ret;

	pthread_mutex_lock(&pool->lock);
	*pool->end = task;
	pool->end = &task->next;
	pool->n_tasks++;
	pool->n_waiting += task->n_steps;
	while (pool->n_started < pool->n_workers &&
	       pool->n_waiting >= (size_t)pool->n_started * FRAMES_PER_THREAD) {
		unsigned before = pool->n_started;

		start_worker(pool);
		if (pool->n_started == before)
			break;
	}
	pthread_cond_broadcast(&pool->work);
	ret = judge(pool, err);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

int page_pool_add(struct page_pool *pool, const struct page_job *job, struct err *err)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task) {
		if (job->done)
			job->done(job->context);
		return err_sys(err, "memory for reading pages");
	}
	task->job = *job;
	if (read_table(task, err) < 0) {
		err_prefix(err, "%s", job->name);
		free_task(task);
		return -1;
	}
	/* Nothing would ever finish it. */
	if (task->n_steps == 0) {
		free_task(task);
		return 0;
	}
	return enqueue(pool, task, err);
}

int page_pool_wait(struct page_pool *pool, size_t left, struct err *err)
{
	int ret;

	pthread_mutex_lock(&pool->lock);
	while (pool->n_tasks > left && !pool->failed) {
		struct task *task = next_task(pool);

		if (task)
			take_step(&pool->workers[0], task);
		else
			pthread_cond_wait(&pool->idle, &pool->lock);
	}
	/* The first frame that failed is known when all that were taken are done. */
	while (pool->failed && pool->busy)
		pthread_cond_wait(&pool->idle, &pool->lock);
	ret = judge(pool, err);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}
