/* SPDX-License-Identifier: MIT */
/* Threads inside system calls that take time: each has to end when it would have, with the result
 * that it would have had. No call may fail with EINTR: nobody signalled anything. */
#include "tests/subject/subject.h"

#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#define SECONDS 3

static const struct timespec three = { SECONDS, 0 };

struct sleeper {
	const char *name;
	long (*sleep)(void); /* returns the result, or the error number as a negative one */
	long want;
	bool is_timed; /* must not take less than SECONDS */
};

static struct shared {
	pthread_barrier_t barrier;
	int ends[2];
	int word, woken;
	pthread_mutex_t mutex;
	pthread_cond_t never;
	sem_t semaphore;
} shared;

static long result(long value)
{
	return value < 0 ? -errno : value;
}

static struct timespec later(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	now.tv_sec += SECONDS;
	return now;
}

static long sleep_plain(void)
{
	return result(syscall(SYS_nanosleep, &three, NULL));
}

/* The remaining time goes where the request came from, as sleep loops do. */
static long sleep_rem(void)
{
	struct timespec left = three;

	return result(syscall(SYS_nanosleep, &left, &left));
}

static long sleep_clock(void)
{
	return -clock_nanosleep(CLOCK_MONOTONIC, 0, &three, NULL);
}

static long sleep_realtime(void)
{
	return -clock_nanosleep(CLOCK_REALTIME, 0, &three, NULL);
}

static long sleep_absolute(void)
{
	struct timespec end = later(CLOCK_MONOTONIC);

	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static long sleep_poll(void)
{
	struct pollfd fd = { shared.ends[0], POLLPRI, 0 };

	return result(syscall(SYS_poll, &fd, 1, SECONDS * 1000));
}

static long sleep_ppoll(void)
{
	return result(ppoll(NULL, 0, &three, NULL));
}

static long sleep_select(void)
{
	struct timeval limit = { SECONDS, 0 };

	return result(select(0, NULL, NULL, NULL, &limit));
}

static long sleep_pselect(void)
{
	return result(pselect(0, NULL, NULL, NULL, &three, NULL));
}

static long sleep_futex(void)
{
	return result(syscall(SYS_futex, &shared.word, FUTEX_WAIT_PRIVATE, 0, &three, NULL, 0));
}

static long sleep_futex_absolute(void)
{
	struct timespec end = later(CLOCK_MONOTONIC);

	return result(syscall(SYS_futex, &shared.word, FUTEX_WAIT_BITSET_PRIVATE, 0, &end, NULL,
			      FUTEX_BITSET_MATCH_ANY));
}

static long sleep_futex_woken(void)
{
	long value =
		result(syscall(SYS_futex, &shared.woken, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));

	/* Woken before the restored thread waited again: it finds the word changed. */
	return value == -EAGAIN ? 0 : value;
}

static long sleep_cond(void)
{
	struct timespec end = later(CLOCK_REALTIME);
	int status;

	pthread_mutex_lock(&shared.mutex);
	status = pthread_cond_timedwait(&shared.never, &shared.mutex, &end);
	pthread_mutex_unlock(&shared.mutex);
	return -status;
}

static long sleep_semaphore(void)
{
	struct timespec end = later(CLOCK_REALTIME);

	return result(sem_timedwait(&shared.semaphore, &end));
}

static long sleep_read(void)
{
	char text[16];

	return result(read(shared.ends[0], text, sizeof(text)));
}

static const struct sleeper sleepers[] = {
	{ "nanosleep", sleep_plain, 0, true },
	{ "nanosleep with rem", sleep_rem, 0, true },
	{ "clock_nanosleep", sleep_clock, 0, true },
	{ "clock_nanosleep realtime", sleep_realtime, 0, true },
	{ "clock_nanosleep absolute", sleep_absolute, 0, true },
	{ "poll", sleep_poll, 0, true },
	{ "ppoll", sleep_ppoll, 0, true },
	{ "select", sleep_select, 0, true },
	{ "pselect", sleep_pselect, 0, true },
	{ "futex", sleep_futex, -ETIMEDOUT, true },
	{ "futex absolute", sleep_futex_absolute, -ETIMEDOUT, true },
	{ "futex woken", sleep_futex_woken, 0, false },
	{ "pthread_cond_timedwait", sleep_cond, -ETIMEDOUT, true },
	{ "sem_timedwait", sleep_semaphore, -ETIMEDOUT, true },
	{ "read", sleep_read, 5, false },
};
#define COUNT (sizeof(sleepers) / sizeof(sleepers[0]))

struct outcome {
	pthread_t thread;
	long value;
	double seconds;
};

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static struct outcome outcomes[COUNT];

static void *run(void *argument)
{
	struct outcome *outcome = argument;
	double began;

	pthread_barrier_wait(&shared.barrier);
	began = now();
	outcome->value = sleepers[outcome - outcomes].sleep();
	outcome->seconds = now() - began;
	return NULL;
}

/* Before: what is to come. After: what came. */
static void look(struct view *view, void *state)
{
	bool *ended = state;

	for (size_t i = 0; i < COUNT; i++)
		view_num(view, sleepers[i].name, *ended ? outcomes[i].value : sleepers[i].want);
}

static void end_all(void)
{
	shared.woken = 1;
	MUST(syscall(SYS_futex, &shared.woken, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0) >= 0);
	MUST(write(shared.ends[1], "hello", 5) == 5);
	for (size_t i = 0; i < COUNT; i++) {
		MUST(pthread_join(outcomes[i].thread, NULL) == 0);
		if (sleepers[i].is_timed && outcomes[i].seconds < SECONDS - 0.01)
			subject_fail("%s took %.3f s, expected %d", sleepers[i].name,
				     outcomes[i].seconds, SECONDS);
		if (outcomes[i].seconds > 60)
			subject_fail("%s took %.3f s", sleepers[i].name, outcomes[i].seconds);
	}
}

int main(void)
{
	bool ended = false;

	subject_block();
	MUST(pipe(shared.ends) == 0);
	sem_init(&shared.semaphore, 0, 0);
	pthread_barrier_init(&shared.barrier, NULL, COUNT + 1);
	for (size_t i = 0; i < COUNT; i++)
		MUST(pthread_create(&outcomes[i].thread, NULL, run, &outcomes[i]) == 0);
	pthread_barrier_wait(&shared.barrier);
	usleep(20000);
	subject_show(look, &ended);
	subject_wait();
	end_all();
	ended = true;
	subject_show(look, &ended);
	subject_say("done");
	return 0;
}
