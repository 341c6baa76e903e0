/* SPDX-License-Identifier: MIT */
/* What the C library remembers of thread ids: owners of held locks of every type, and who is
 * signalled. Under new ids all of it has to be corrected. */
#include "tests/subject/subject.h"

#include <pthread.h>
#include <sys/syscall.h>

static const struct {
	const char *name;
	int type, robust, protocol;
} kinds[] = {
	{ "normal", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE },
	{ "recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE },
	{ "errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE },
	{ "robust", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE },
	{ "robust recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE },
	{ "inheriting", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT },
};
#define COUNT (sizeof(kinds) / sizeof(kinds[0]))

static pthread_mutex_t held[COUNT], released[COUNT];
static pthread_rwlock_t written[2] = { PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER };

static void make(pthread_mutex_t *mutex, size_t i)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, kinds[i].type);
	pthread_mutexattr_setrobust(&attributes, kinds[i].robust);
	pthread_mutexattr_setprotocol(&attributes, kinds[i].protocol);
	MUST(pthread_mutex_init(mutex, &attributes) == 0);
}

static void look(struct view *view, void *state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		view_num(view, kinds[i].name, pthread_mutex_trylock(&released[i]));
	for (size_t i = 0; i < COUNT; i++)
		MUST(pthread_mutex_unlock(&released[i]) == 0);
}

static void check_held(const char *who, size_t i)
{
	int again = kinds[i].type == PTHREAD_MUTEX_RECURSIVE	? 0
		    : kinds[i].type == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK
								: -1;
	int got;

	if (again >= 0) {
		got = pthread_mutex_lock(&held[i]);
		if (got != again)
			subject_fail("%s, %s mutex: locking it again gives %d, expected %d", who,
				     kinds[i].name, got, again);
		if (got == 0)
			MUST(pthread_mutex_unlock(&held[i]) == 0);
	}
	got = pthread_mutex_unlock(&held[i]);
	if (got)
		subject_fail("%s, %s mutex: unlocking it gives %d", who, kinds[i].name, got);
}

static void check_written(const char *who, pthread_rwlock_t *lock)
{
	int got = pthread_rwlock_wrlock(lock);

	if (got != EDEADLK)
		subject_fail("%s, written lock: locking it again gives %d", who, got);
	MUST(pthread_rwlock_unlock(lock) == 0);
	got = pthread_rwlock_trywrlock(lock);
	if (got)
		subject_fail("%s, written lock: locking it after unlocking it gives %d", who, got);
	MUST(pthread_rwlock_unlock(lock) == 0);
}

/* Holds every second mutex while it waits for SIGUSR2, sent by pthread_kill(3), which uses the
 * thread id that the library remembers. */
static void *hold(void *argument)
{
	sigset_t set;

	for (size_t i = 1; i < COUNT; i += 2)
		MUST(pthread_mutex_lock(&held[i]) == 0);
	MUST(pthread_rwlock_wrlock(&written[1]) == 0);
	*(volatile bool *)argument = true;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	while (sigwaitinfo(&set, NULL) < 0)
		;
	for (size_t i = 1; i < COUNT; i += 2)
		check_held("thread", i);
	check_written("thread", &written[1]);
	return NULL;
}

int main(void)
{
	volatile bool holds = false;
	pthread_t thread;
	sigset_t set;

	subject_block();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < COUNT; i++) {
		make(&held[i], i);
		make(&released[i], i);
	}
	MUST(pthread_create(&thread, NULL, hold, (void *)&holds) == 0);
	while (!holds)
		usleep(1000);
	for (size_t i = 0; i < COUNT; i += 2)
		MUST(pthread_mutex_lock(&held[i]) == 0);
	MUST(pthread_rwlock_wrlock(&written[0]) == 0);
	subject_main(look, NULL);
	for (size_t i = 0; i < COUNT; i += 2)
		check_held("main", i);
	check_written("main", &written[0]);
	MUST(pthread_kill(thread, SIGUSR2) == 0);
	MUST(pthread_join(thread, NULL) == 0);
	MUST(gettid() == getpid());
	return 0;
}
