/* SPDX-License-Identifier: MIT */
/* Policy, nice value, processors, I/O priority and timer slack of two threads that differ. */
#include "tests/subject/subject.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

struct other {
	pthread_barrier_t barrier;
	pid_t tid;
	int slack;
};

static void view_one(struct view *view, const char *who, pid_t tid)
{
	struct sched_param param;
	cpu_set_t set;
	char key[32];

	MUST(sched_getaffinity(tid, sizeof(set), &set) == 0);
	MUST(sched_getparam(tid, &param) == 0);
	snprintf(key, sizeof(key), "%s policy", who);
	view_num(view, key, sched_getscheduler(tid));
	snprintf(key, sizeof(key), "%s priority", who);
	view_num(view, key, param.sched_priority);
	snprintf(key, sizeof(key), "%s nice", who);
	view_num(view, key, getpriority(PRIO_PROCESS, (id_t)tid));
	snprintf(key, sizeof(key), "%s io", who);
	view_num(view, key, syscall(SYS_ioprio_get, 1, tid));
	snprintf(key, sizeof(key), "%s cpus", who);
	view_bytes(view, key, &set, 8);
}

/* Only a thread itself can tell its slack. */
static void *run(void *argument)
{
	struct other *other = argument;

	other->tid = gettid();
	MUST(sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 }) == 0);
	MUST(setpriority(PRIO_PROCESS, 0, 11) == 0);
	MUST(prctl(PR_SET_TIMERSLACK, 77777) == 0);
	MUST(syscall(SYS_ioprio_set, 1, 0, 3 << 13) == 0);
	for (int i = 0; i < 2; i++) {
		pthread_barrier_wait(&other->barrier);
		other->tid = gettid();
		other->slack = prctl(PR_GET_TIMERSLACK);
		pthread_barrier_wait(&other->barrier);
	}
	pthread_barrier_wait(&other->barrier);
	return NULL;
}

static void look(struct view *view, void *state)
{
	struct other *other = state;

	pthread_barrier_wait(&other->barrier);
	pthread_barrier_wait(&other->barrier);
	view_one(view, "main", 0);
	view_one(view, "other", other->tid);
	view_num(view, "slack", other->slack);
}

int main(void)
{
	struct other other;
	pthread_t thread;
	cpu_set_t set;

	subject_block();
	pthread_barrier_init(&other.barrier, NULL, 2);
	MUST(pthread_create(&thread, NULL, run, &other) == 0);
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	MUST(sched_setaffinity(0, sizeof(set), &set) == 0);
	MUST(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }) == 0);
	MUST(setpriority(PRIO_PROCESS, 0, 5) == 0);
	MUST(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6) == 0);
	subject_main(look, &other);
	pthread_barrier_wait(&other.barrier);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
