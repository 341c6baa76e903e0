/* SPDX-License-Identifier: MIT */
/* 200 threads that hand a token round while they are dumped, and count what they do. */
#include "tests/subject/subject.h"

#include <pthread.h>

#define COUNT 200

struct ring {
	pthread_mutex_t mutex;
	pthread_cond_t turn[COUNT];
	int token;
	bool end;
	unsigned long total;
	unsigned long each[COUNT];
};

struct member {
	struct ring *ring;
	int number;
};

static void *work(void *argument)
{
	struct member *member = argument;
	struct ring *ring = member->ring;
	int next = (member->number + 1) % COUNT;

	pthread_mutex_lock(&ring->mutex);
	while (!ring->end) {
		while (ring->token != member->number && !ring->end)
			pthread_cond_wait(&ring->turn[member->number], &ring->mutex);
		ring->each[member->number]++;
		ring->total++;
		if (member->number % 20 == 0) {
			pthread_mutex_unlock(&ring->mutex);
			usleep(500);
			pthread_mutex_lock(&ring->mutex);
		}
		ring->token = next;
		pthread_cond_signal(&ring->turn[next]);
	}
	pthread_mutex_unlock(&ring->mutex);
	return member;
}

/* Sums agree, the token is somewhere, and nobody got ahead by more than one round. */
static void look(struct view *view, void *state)
{
	struct ring *ring = state;
	unsigned long sum = 0, least = ~0UL, most = 0;

	pthread_mutex_lock(&ring->mutex);
	for (int i = 0; i < COUNT; i++) {
		sum += ring->each[i];
		least = ring->each[i] < least ? ring->each[i] : least;
		most = ring->each[i] > most ? ring->each[i] : most;
	}
	view_bool(view, "sum", sum == ring->total);
	view_bool(view, "fair", most - least <= 1);
	view_num(view, "_total", (long long)sum);
	pthread_mutex_unlock(&ring->mutex);
}

static unsigned long total(struct ring *ring)
{
	unsigned long value;

	pthread_mutex_lock(&ring->mutex);
	value = ring->total;
	pthread_mutex_unlock(&ring->mutex);
	return value;
}

static void finish(struct ring *ring, pthread_t *threads)
{
	unsigned long before = total(ring);
	void *result;

	for (int i = 0; total(ring) == before; i++) {
		MUST(i < 1000);
		usleep(5000);
	}
	pthread_mutex_lock(&ring->mutex);
	ring->end = true;
	for (int i = 0; i < COUNT; i++)
		pthread_cond_broadcast(&ring->turn[i]);
	pthread_mutex_unlock(&ring->mutex);
	for (int i = 0; i < COUNT; i++)
		MUST(pthread_join(threads[i], &result) == 0);
}

int main(void)
{
	static struct ring ring = { .mutex = PTHREAD_MUTEX_INITIALIZER };
	static struct member members[COUNT];
	pthread_t threads[COUNT];
	pthread_attr_t attributes;

	subject_block();
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	for (int i = 0; i < COUNT; i++) {
		pthread_cond_init(&ring.turn[i], NULL);
		members[i] = (struct member){ &ring, i };
		if (pthread_create(&threads[i], &attributes, work, &members[i]))
			subject_skip("RLIMIT_NPROC allows no %d threads", COUNT);
	}
	subject_main(look, &ring);
	finish(&ring, threads);
	return 0;
}
