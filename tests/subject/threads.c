/* SPDX-License-Identifier: MIT */
/* Threads: what each has of its own, and mutexes and condition variables between them. */
#include "tests/subject/subject.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define COUNT 6

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t wanted, given;
	int round;
	int answers;
};

struct worker {
	struct shared *shared;
	int number;
	pthread_t thread;
	char name[16];
	unsigned long mask;
	stack_t stack;
	void *robust;
	long tls;
};

static __thread long own = 7;

static void observe(struct worker *worker)
{
	size_t size;

	MUST(prctl(PR_GET_NAME, worker->name) == 0);
	MUST(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &worker->mask, 8) == 0);
	MUST(sigaltstack(NULL, &worker->stack) == 0);
	MUST(syscall(SYS_get_robust_list, 0, &worker->robust, &size) == 0);
	worker->tls = own;
}

static void settle(struct worker *worker)
{
	char name[16];
	sigset_t set;
	stack_t stack = { .ss_sp = malloc(65536),
			  .ss_size = 16384 + 4096 * (size_t)worker->number };

	snprintf(name, sizeof(name), "wörker \"%d", worker->number);
	MUST(prctl(PR_SET_NAME, name) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + worker->number);
	MUST(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	if (worker->number % 2)
		MUST(sigaltstack(&stack, NULL) == 0);
	own += worker->number * 1000;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct shared *shared = worker->shared;

	settle(worker);
	pthread_mutex_lock(&shared->mutex);
	for (int round = 1; round <= 3; round++) {
		while (shared->round < round)
			pthread_cond_wait(&shared->wanted, &shared->mutex);
		observe(worker);
		shared->answers++;
		pthread_cond_signal(&shared->given);
	}
	pthread_mutex_unlock(&shared->mutex);
	return worker;
}

static void ask(struct shared *shared)
{
	pthread_mutex_lock(&shared->mutex);
	shared->round++;
	shared->answers = 0;
	pthread_cond_broadcast(&shared->wanted);
	while (shared->answers < COUNT)
		pthread_cond_wait(&shared->given, &shared->mutex);
	pthread_mutex_unlock(&shared->mutex);
}

static void look(struct view *view, void *state)
{
	struct worker *workers = state;
	char key[32];

	ask(workers[0].shared);
	for (int i = 0; i < COUNT; i++) {
		snprintf(key, sizeof(key), "name %d", i);
		view_str(view, key, workers[i].name);
		snprintf(key, sizeof(key), "mask %d", i);
		view_hex(view, key, workers[i].mask);
		snprintf(key, sizeof(key), "stack %d", i);
		view_hex(view, key, (uintptr_t)workers[i].stack.ss_sp);
		snprintf(key, sizeof(key), "stack size %d", i);
		view_num(view, key, (long long)workers[i].stack.ss_size);
		snprintf(key, sizeof(key), "robust %d", i);
		view_hex(view, key, (uintptr_t)workers[i].robust);
		snprintf(key, sizeof(key), "tls %d", i);
		view_num(view, key, workers[i].tls);
	}
}

int main(void)
{
	struct shared shared = { .mutex = PTHREAD_MUTEX_INITIALIZER,
				 .wanted = PTHREAD_COND_INITIALIZER,
				 .given = PTHREAD_COND_INITIALIZER };
	struct worker workers[COUNT] = { 0 };
	void *result;

	subject_block();
	for (int i = 0; i < COUNT; i++) {
		workers[i].shared = &shared;
		workers[i].number = i;
		MUST(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
	}
	subject_main(look, workers);
	ask(&shared);
	for (int i = 0; i < COUNT; i++)
		MUST(pthread_join(workers[i].thread, &result) == 0 && result == &workers[i]);
	return 0;
}
