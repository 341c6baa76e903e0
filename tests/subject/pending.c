/* SPDX-License-Identifier: MIT */
/* Blocked signals that wait: shared and private ones, and queues of real-time signals with
 * payloads, in order. */
#include "tests/subject/kernel_signal.h"

#include <fcntl.h>
#include <pthread.h>

#define QUEUED 5

struct other {
	pthread_barrier_t barrier;
	pthread_t thread;
	pid_t tid;
};

static void queue_private(pid_t tid, int number, int payload)
{
	siginfo_t info = { .si_signo = number, .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_ptr = (void *)(uintptr_t)(0x1234567800000000 | (unsigned)payload);
	MUST(syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, number, &info) == 0);
}

static void take(const char *who, int number, int code, uint64_t payload)
{
	struct timespec now = { 0 };
	siginfo_t info = { 0 };
	uint64_t set = bit(number);
	int got;

	/* The library's sigtimedwait(3) hides SI_TKILL. */
	got = (int)syscall(SYS_rt_sigtimedwait, &set, &info, &now, 8);
	if (got != number)
		subject_fail("%s: signal %d: got %d", who, number, got);
	if (info.si_code != code || info.si_uid != getuid())
		subject_fail("%s: signal %d: code %d uid %d, expected code %d uid %d", who, number,
			     info.si_code, (int)info.si_uid, code, (int)getuid());
	if (payload && (uintptr_t)info.si_value.sival_ptr != payload)
		subject_fail("%s: signal %d: payload %p, expected 0x%lx", who, number,
			     info.si_value.sival_ptr, payload);
}

static void take_private(const char *who)
{
	take(who, SIGALRM, SI_TKILL, 0);
	for (int i = 0; i < QUEUED; i++)
		take(who, SIGRTMIN + 1, SI_QUEUE, 0x1234567800000000 | (unsigned)(100 + i));
}

static void *other_thread(void *argument)
{
	struct other *other = argument;

	other->tid = gettid();
	pthread_barrier_wait(&other->barrier);
	pthread_barrier_wait(&other->barrier);
	take_private("thread");
	return NULL;
}

static void look(struct view *view, void *state)
{
	static char text[8192];
	uint64_t set;
	char *at;
	int fd = open("/proc/thread-self/status", 0);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)state;
	MUST(n > 0 && close(fd) == 0);
	text[n] = '\0';
	MUST((at = strstr(text, "SigPnd:")) && (at = strtok(at, "\n")));
	view_str(view, "private", at);
	MUST((at = strtok(NULL, "\n")));
	view_str(view, "shared", at);
	MUST(syscall(SYS_rt_sigpending, &set, 8) == 0);
	view_hex(view, "pending", set);
}

int main(void)
{
	struct other other;
	union sigval value;

	/* The runner continues stopped subjects by SIGCONT, which is not to become pending by that. */
	set_mask(~(bit(32) | bit(33) | bit(SIGCONT)));
	pthread_barrier_init(&other.barrier, NULL, 2);
	MUST(pthread_create(&other.thread, NULL, other_thread, &other) == 0);
	pthread_barrier_wait(&other.barrier);
	/* Shared, with a payload, more than one of a kind; standard signals queue only once. */
	for (int i = 0; i < QUEUED; i++) {
		value.sival_ptr = (void *)(uintptr_t)(0xabcdef0000000000 | (unsigned)i);
		MUST(sigqueue(getpid(), SIGRTMIN + 3, value) == 0);
	}
	MUST(kill(getpid(), SIGTERM) == 0 && kill(getpid(), SIGURG) == 0);
	for (int i = 0; i < QUEUED; i++) {
		queue_private(gettid(), SIGRTMIN + 1, 100 + i);
		queue_private(other.tid, SIGRTMIN + 1, 100 + i);
	}
	MUST(syscall(SYS_tgkill, getpid(), gettid(), SIGALRM) == 0);
	MUST(syscall(SYS_tgkill, getpid(), other.tid, SIGALRM) == 0);
	subject_main(look, NULL);
	take_private("main");
	take("shared", SIGTERM, SI_USER, 0);
	take("shared", SIGURG, SI_USER, 0);
	for (int i = 0; i < QUEUED; i++)
		take("shared", SIGRTMIN + 3, SI_QUEUE, 0xabcdef0000000000 | (unsigned)i);
	pthread_barrier_wait(&other.barrier);
	MUST(pthread_join(other.thread, NULL) == 0);
	return 0;
}
