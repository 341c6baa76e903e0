/* SPDX-License-Identifier: MIT */
#include "kernel/together.h"

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
