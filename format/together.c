/* SPDX-License-Identifier: MIT */
#include "format/together.h"

#include "format/err.h"

#include <signal.h>
#include <stdatomic.h>

int together_start(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct work {
	void (*each)(void *context, size_t index);
	void *context;
	size_t n;
	atomic_size_t next;
};

static void *take_part(void *argument)
{
	struct work *work = argument;
	size_t i;

	while ((i = atomic_fetch_add(&work->next, 1)) < work->n)
		work->each(work->context, i);
	return NULL;
}

void together(unsigned threads, size_t n, void (*each)(void *context, size_t index), void *context)
{
	struct work work = { .each = each, .context = context, .n = n };
	pthread_t others[TOGETHER_MAX];
	size_t started = 0;

	while (started + 1 < threads && started + 1 < n && started < TOGETHER_MAX &&
	       together_start(&others[started], take_part, &work) == 0)
		started++;
	take_part(&work);
	while (started)
		pthread_join(others[--started], NULL);
}

struct attempt {
	int (*each)(void *context, size_t index, struct err *err);
	void *context;
	pthread_mutex_t lock;
	size_t failed; /* the lowest index that did */
	struct err err;
};

static void try_one(void *context, size_t index)
{
	struct attempt *attempt = context;
	struct err err;

	if (attempt->each(attempt->context, index, &err) == 0)
		return;
	pthread_mutex_lock(&attempt->lock);
	if (index < attempt->failed) {
		attempt->failed = index;
		attempt->err = err;
	}
	pthread_mutex_unlock(&attempt->lock);
}

int together_try(unsigned threads, size_t n,
		 int (*each)(void *context, size_t index, struct err *err), void *context,
		 struct err *err)
{
	struct attempt attempt = {
		.each = each, .context = context, .lock = PTHREAD_MUTEX_INITIALIZER, .failed = n
	};

	together(threads, n, try_one, &attempt);
	if (attempt.failed == n)
		return 0;
	if (err)
		*err = attempt.err;
	return -1;
}
