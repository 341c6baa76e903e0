/* SPDX-License-Identifier: MIT */
/* Calls that wait, stopped in the middle, end when they would have ended anyway, and without EINTR. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"
#include "tests/unit/test.h"

#define LIMIT_MS 400

/* Where a stop in the middle may make it longer: the kernel has no way to tell it the rest. */
#define WITHOUT_REST 1

struct outcome {
	long result;
	int error;
	int64_t took_us;
};

static const struct timespec limit = { 0, LIMIT_MS * 1000000 };

static long wait_nanosleep(void)
{
	return syscall(SYS_nanosleep, &limit, NULL);
}

static long wait_clock_nanosleep(void)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &limit, NULL);
}

static long wait_poll(void)
{
	return poll(NULL, 0, LIMIT_MS);
}

static long wait_ppoll(void)
{
	return ppoll(NULL, 0, &limit, NULL);
}

static long wait_select(void)
{
	struct timeval time = { 0, LIMIT_MS * 1000 };

	return select(0, NULL, NULL, NULL, &time);
}

static long wait_futex(void)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &limit, NULL, 0);
}

static long wait_epoll(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_create1(0), &event, 1, LIMIT_MS);
}

static long wait_epoll_pwait(void)
{
	struct epoll_event event;
	sigset_t set;

	sigemptyset(&set);
	return epoll_pwait(epoll_create1(0), &event, 1, LIMIT_MS, &set);
}

static long wait_epoll_pwait2(void)
{
	struct epoll_event event;

	return syscall(SYS_epoll_pwait2, epoll_create1(0), &event, 1, &limit, NULL, 8);
}

static long wait_sigtimedwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	return sigtimedwait(&set, NULL, &limit);
}

static long wait_semtimedop(void)
{
	struct sembuf down = { 0, -1, 0 };
	int id = semget(IPC_PRIVATE, 1, 0600), error;
	long r;

	r = semtimedop(id, &down, 1, &limit);
	error = errno;
	semctl(id, 0, IPC_RMID);
	errno = error;
	return r;
}

/* Its limit is in the socket: after the stop it begins anew. */
static long wait_recv(void)
{
	struct timeval time = { 0, LIMIT_MS * 1000 };
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -2;
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	return recv(pair[0], &byte, 1, 0);
}

static const struct wait {
	const char *name;
	long (*call)(void);
	long result;
	int error;
	int flags;
} waits[] = {
	{ "nanosleep", wait_nanosleep, 0, 0, 0 },
	{ "clock_nanosleep", wait_clock_nanosleep, 0, 0, 0 },
	{ "poll", wait_poll, 0, 0, 0 },
	{ "ppoll", wait_ppoll, 0, 0, 0 },
	{ "select", wait_select, 0, 0, 0 },
	{ "futex", wait_futex, -1, ETIMEDOUT, 0 },
	{ "epoll_wait", wait_epoll, 0, 0, 0 },
	{ "epoll_pwait", wait_epoll_pwait, 0, 0, 0 },
	{ "epoll_pwait2", wait_epoll_pwait2, 0, 0, 0 },
	{ "sigtimedwait", wait_sigtimedwait, -1, EAGAIN, 0 },
	{ "semtimedop", wait_semtimedop, -1, EAGAIN, 0 },
	{ "recv", wait_recv, -1, EAGAIN, WITHOUT_REST },
};

#define WAITS ((int)(sizeof(waits) / sizeof(waits[0])))

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

struct job {
	const struct wait *wait;
	struct outcome *outcome;
};

static void *body(void *arg)
{
	struct job *job = arg;
	struct outcome *outcome = job->outcome;
	int64_t since = now_us();

	errno = 0;
	outcome->result = job->wait->call();
	outcome->error = errno;
	outcome->took_us = now_us() - since;
	return NULL;
}

/* All of them at the same time, each in a thread of its own. */
static void target(struct outcome *outcomes)
{
	pthread_t threads[WAITS];
	struct job jobs[WAITS];

	for (int i = 0; i < WAITS; i++) {
		jobs[i] = (struct job){ &waits[i], &outcomes[i] };
		pthread_create(&threads[i], NULL, body, &jobs[i]);
	}
	for (int i = 0; i < WAITS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static void stop_twice(pid_t pid, bool remotely)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
		_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
		struct err err = { 0 };

		usleep(LIMIT_MS * 300);
		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		if (!remotely)
			continue;
		CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s",
		      err.msg);
		for (size_t k = 0; k < frozen.n_threads; k++) {
			struct remote_call call = REMOTE_CALL(getppid);

			CHECK(remote_call(&remote, frozen.threads[k], &call, &err) == 0, "%s",
			      err.msg);
		}
	}
}

static void test(bool remotely)
{
	struct outcome *outcomes = mmap(NULL, sizeof(*outcomes) * WAITS, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		target(outcomes);
	}
	stop_twice(pid, remotely);
	waitpid(pid, &status, 0);
	CHECK(status == 0, "%x", status);
	for (int i = 0; i < WAITS; i++) {
		int64_t took = outcomes[i].took_us;
		int64_t late = waits[i].flags & WITHOUT_REST ? LIMIT_MS * 2000 : 100000;

		CHECK(outcomes[i].result == waits[i].result && outcomes[i].error == waits[i].error,
		      "%s: %ld, %s", waits[i].name, outcomes[i].result,
		      strerror(outcomes[i].error));
		CHECK(took >= LIMIT_MS * 1000 && took < LIMIT_MS * 1000 + late,
		      "%s took %lld us, not %d ms", waits[i].name, (long long)took, LIMIT_MS);
	}
	munmap(outcomes, sizeof(*outcomes) * WAITS);
}

int main(void)
{
	test(false);
	test(true);
	return test_done("time_left");
}
