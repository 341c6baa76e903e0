/* SPDX-License-Identifier: MIT */
/* Reads clocks all the time, so that it is likely to be within the vDSO, with threads that wait with time limits. */
#include <pthread.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

enum { THREADS = 3, READS = 6000000, SLEEPS = 60 };

static void *doze(void *argument)
{
	const struct timespec pause = { 0, 5000000 };

	for (int i = 0; i < SLEEPS; i++)
		if (nanosleep(&pause, NULL) < 0)
			*(int *)argument = 1;
	return NULL;
}

int main(void)
{
	int failed[THREADS] = { 0 }, bad = 0;
	pthread_t threads[THREADS];
	struct timespec last = { 0, 0 };

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, doze, &failed[i]);
	for (int i = 0; i < READS; i++) {
		struct timespec now;
		struct timeval day;

		bad |= clock_gettime(CLOCK_MONOTONIC, &now) < 0 || gettimeofday(&day, NULL) < 0;
		bad |= now.tv_sec < last.tv_sec;
		last = now;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		bad |= failed[i];
	}
	puts(bad ? "a clock went wrong" : "clocks went on");
	return bad;
}
