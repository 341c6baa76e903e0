/* SPDX-License-Identifier: MIT */
/* The bases of the segment registers fs (thread-local storage) and gs, in two threads. */
#include "tests/subject/subject.h"

#include <asm/prctl.h>
#include <pthread.h>
#include <sys/syscall.h>

struct other {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int asked, answered;
	unsigned long fs, gs, through;
};

static uint64_t areas[2][8] = { { 1111, 2222 }, { 3333, 4444 } };

static void observe(unsigned long *fs, unsigned long *gs, unsigned long *through)
{
	MUST(syscall(SYS_arch_prctl, ARCH_GET_FS, fs) == 0);
	MUST(syscall(SYS_arch_prctl, ARCH_GET_GS, gs) == 0);
	__asm__ volatile("movq %%gs:8, %0" : "=r"(*through));
}

static void *run(void *argument)
{
	struct other *other = argument;

	MUST(syscall(SYS_arch_prctl, ARCH_SET_GS, areas[1]) == 0);
	pthread_mutex_lock(&other->mutex);
	for (int round = 1; round <= 2; round++) {
		while (other->asked < round)
			pthread_cond_wait(&other->changed, &other->mutex);
		observe(&other->fs, &other->gs, &other->through);
		other->answered = round;
		pthread_cond_broadcast(&other->changed);
	}
	pthread_mutex_unlock(&other->mutex);
	return NULL;
}

static void look(struct view *view, void *state)
{
	struct other *other = state;
	unsigned long fs, gs, through;

	observe(&fs, &gs, &through);
	view_hex(view, "fs", fs);
	view_hex(view, "gs", gs);
	view_num(view, "through gs", (long long)through);
	pthread_mutex_lock(&other->mutex);
	other->asked++;
	pthread_cond_broadcast(&other->changed);
	while (other->answered < other->asked)
		pthread_cond_wait(&other->changed, &other->mutex);
	pthread_mutex_unlock(&other->mutex);
	view_hex(view, "other fs", other->fs);
	view_hex(view, "other gs", other->gs);
	view_num(view, "other through gs", (long long)other->through);
}

int main(void)
{
	struct other other = { .mutex = PTHREAD_MUTEX_INITIALIZER,
			       .changed = PTHREAD_COND_INITIALIZER };
	pthread_t thread;

	subject_block();
	MUST(syscall(SYS_arch_prctl, ARCH_SET_GS, areas[0]) == 0);
	MUST(pthread_create(&thread, NULL, run, &other) == 0);
	subject_main(look, &other);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
