/* SPDX-License-Identifier: MIT */
/* Restartable sequences: registered by the C library per thread, and kept up to date by the
 * kernel. */
#include "tests/subject/subject.h"

#include <pthread.h>
#include <sched.h>
#include <sys/rseq.h>
#include <sys/syscall.h>

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* Moves over all processors: the area must say each time which one it is. */
static bool follows(void)
{
	cpu_set_t all, one;
	bool right = true;

	MUST(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			MUST(sched_setaffinity(0, sizeof(one), &one) == 0);
			right &= *(volatile __u32 *)&area()->cpu_id == (unsigned)cpu;
		}
	MUST(sched_setaffinity(0, sizeof(all), &all) == 0);
	return right;
}

static void view_one(struct view *view, const char *follow, const char *again)
{
	view_bool(view, follow, follows());
	view_num(view, again,
		 syscall(SYS_rseq, area(), __rseq_size < 32 ? 32 : __rseq_size, 0, RSEQ_SIG) < 0
			 ? errno
			 : 0);
}

struct other {
	pthread_barrier_t asked, answered;
	bool follows;
};

static void *run(void *argument)
{
	struct other *other = argument;

	for (int i = 0; i < 2; i++) {
		pthread_barrier_wait(&other->asked);
		other->follows = follows();
		pthread_barrier_wait(&other->answered);
	}
	return NULL;
}

static void look(struct view *view, void *state)
{
	struct other *other = state;

	view_one(view, "follows", "registering again");
	pthread_barrier_wait(&other->asked);
	pthread_barrier_wait(&other->answered);
	view_bool(view, "other follows", other->follows);
}

int main(void)
{
	struct other other;
	pthread_t thread;

	if (!__rseq_size)
		subject_skip("the C library did not register restartable sequences");
	subject_block();
	pthread_barrier_init(&other.asked, NULL, 2);
	pthread_barrier_init(&other.answered, NULL, 2);
	MUST(pthread_create(&thread, NULL, run, &other) == 0);
	subject_main(look, &other);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
