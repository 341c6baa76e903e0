/* SPDX-License-Identifier: MIT */
/* Children of a test that are stopped by it, and what they do meanwhile. */
#ifndef PIMAGE_CHILD_H
#define PIMAGE_CHILD_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"
#include "kernel/remote.h"
#include "tests/unit/test.h"

#define FROZEN _cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY

/* What a child tells its parent while it runs. */
struct shared {
	volatile uint64_t count;
	volatile uint64_t taken;
	volatile pid_t tid;
};

static inline struct shared *shared_new(void)
{
	return mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
}

typedef void body_fn(struct shared *shared);

static inline pid_t spawn(body_fn *body, struct shared *shared)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A group whose parent is outside of it: SIGTSTP does nothing to an orphaned one. */
		setpgid(0, 0);
		body(shared);
		_exit(0);
	}
	return pid;
}

static inline void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
}

static inline char state_of(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	char path[48];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file_at(AT_FDCWD, path, &text, &size, NULL) < 0 ||
	    proc_stat_parse(text, size, &stat, NULL) < 0)
		return '?';
	return stat.state;
}

static inline bool comes_to_state(pid_t pid, const char *states)
{
	for (int i = 0; i < 1000; i++) {
		if (strchr(states, state_of(pid)))
			return true;
		usleep(1000);
	}
	return false;
}

static inline bool counts_on(struct shared *shared)
{
	uint64_t before = shared->count;

	for (int i = 0; i < 1000 && shared->count < before + 2; i++)
		usleep(1000);
	return shared->count >= before + 2;
}

static inline void count(struct shared *shared)
{
	for (;;) {
		shared->count++;
		usleep(500);
	}
}

static inline int one_call(struct frozen *frozen, struct err *err)
{
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	struct remote_call call = REMOTE_CALL(getpid);

	if (remote_open(frozen, frozen->threads[0], NULL, &remote, err) < 0)
		return -1;
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (remote_call(&remote, frozen->threads[i], &call, err) < 0)
			return -1;
	return remote_close(&remote, NULL, err);
}

/* Threads that come and go. */

static inline void *short_lived(void *arg)
{
	((struct shared *)arg)->count++;
	return NULL;
}

static inline void *makes_threads(void *arg)
{
	for (;;) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, short_lived, arg);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	return NULL;
}

static inline void churn(struct shared *shared)
{
	pthread_t thread;

	pthread_create(&thread, NULL, makes_threads, shared);
	makes_threads(shared);
}

#endif
