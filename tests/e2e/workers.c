/* SPDX-License-Identifier: MIT */
/* 200 threads that take work from a queue, count primes, and add up under a mutex. */
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 200, JOBS = 4000, STEP = 1000, ROOM = 16 };

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t filled, emptied;
	int queue[ROOM];
	int waiting, done;
	long primes;
} pool = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	   .filled = PTHREAD_COND_INITIALIZER,
	   .emptied = PTHREAD_COND_INITIALIZER };

static long count(int low)
{
	long found = 0;

	for (int n = low; n < low + STEP; n++) {
		int prime = n > 1;

		for (int d = 2; d * d <= n && prime; d++)
			prime = n % d != 0;
		found += prime;
	}
	return found;
}

static int take(void)
{
	int job;

	pthread_mutex_lock(&pool.mutex);
	while (!pool.waiting && !pool.done)
		pthread_cond_wait(&pool.filled, &pool.mutex);
	job = pool.waiting ? pool.queue[--pool.waiting] : -1;
	pthread_cond_signal(&pool.emptied);
	pthread_mutex_unlock(&pool.mutex);
	return job;
}

static void *work(void *unused)
{
	int job;

	while ((job = take()) >= 0) {
		long found = count(job * STEP);

		pthread_mutex_lock(&pool.mutex);
		pool.primes += found;
		pthread_mutex_unlock(&pool.mutex);
	}
	return unused;
}

int main(void)
{
	static pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 77;
	for (int job = 0; job < JOBS; job++) {
		pthread_mutex_lock(&pool.mutex);
		while (pool.waiting == ROOM)
			pthread_cond_wait(&pool.emptied, &pool.mutex);
		pool.queue[pool.waiting++] = job;
		pthread_cond_signal(&pool.filled);
		pthread_mutex_unlock(&pool.mutex);
	}
	pthread_mutex_lock(&pool.mutex);
	pool.done = 1;
	pthread_cond_broadcast(&pool.filled);
	pthread_mutex_unlock(&pool.mutex);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%ld primes below %d\n", pool.primes, JOBS * STEP);
	return 0;
}
