/* SPDX-License-Identifier: MIT */
/*
 * Each thread has a signal of its own for the death of the parent, in a process that root has made another user's: what changes credentials
 * clears it. `groups`: of more supplementary groups than threads are given at their birth.
 */
#include "tests/subject/subject.h"

#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>

enum { COUNT = 5, MANY_GROUPS = 300 };

struct threads {
	pthread_barrier_t barrier;
	int signals[COUNT];
};

struct thread {
	struct threads *all;
	int number;
};

static void *live(void *argument)
{
	struct thread *thread = argument;

	MUST(prctl(PR_SET_PDEATHSIG, thread->number % 2 ? SIGRTMIN + thread->number : 0) == 0);
	for (;;) {
		pthread_barrier_wait(&thread->all->barrier);
		MUST(prctl(PR_GET_PDEATHSIG, &thread->all->signals[thread->number]) == 0);
		pthread_barrier_wait(&thread->all->barrier);
	}
	return NULL;
}

static void look(struct view *view, void *state)
{
	struct threads *threads = state;
	gid_t groups[MANY_GROUPS];
	int number, n;

	pthread_barrier_wait(&threads->barrier);
	pthread_barrier_wait(&threads->barrier);
	MUST(prctl(PR_GET_PDEATHSIG, &number) == 0);
	view_num(view, "signal", number);
	for (int i = 0; i < COUNT; i++) {
		char key[24];

		snprintf(key, sizeof(key), "signal of thread %d", i);
		view_num(view, key, threads->signals[i]);
	}
	view_num(view, "dumpable", prctl(PR_GET_DUMPABLE));
	view_num(view, "user", getuid());
	MUST((n = getgroups(MANY_GROUPS, groups)) >= 0);
	view_hash(view, "groups", groups, (size_t)n * sizeof(*groups));
}

static void give_up(int n_groups)
{
	gid_t groups[MANY_GROUPS];

	for (int i = 0; i < n_groups; i++)
		groups[i] = 5000 + (gid_t)i;
	MUST(setgroups((size_t)n_groups, groups) == 0);
	MUST(setresgid(1001, 1001, 1001) == 0);
	MUST(setresuid(1001, 1001, 1001) == 0);
	MUST(prctl(PR_SET_DUMPABLE, 1) == 0);
}

int main(int argc, char **argv)
{
	static struct threads threads;
	static struct thread list[COUNT];
	pthread_t thread;

	(void)argv;
	subject_block();
	if (geteuid() == 0)
		give_up(argc > 1 ? MANY_GROUPS : 4);
	MUST(pthread_barrier_init(&threads.barrier, NULL, COUNT + 1) == 0);
	for (int i = 0; i < COUNT; i++) {
		list[i] = (struct thread){ &threads, i };
		MUST(pthread_create(&thread, NULL, live, &list[i]) == 0);
	}
	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0);
	return subject_main(look, &threads);
}
