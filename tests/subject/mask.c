/* SPDX-License-Identifier: MIT */
/* The blocked signals, of threads that wait, most of them with another mask for the time of a call. */
#include "tests/subject/kernel_signal.h"

#include <pthread.h>
#include <sys/epoll.h>

static __thread volatile sig_atomic_t handled;

static void handler(int number)
{
	handled = number;
}

static void look(struct view *view, void *state)
{
	(void)state;
	view_hex(view, "mask", get_mask());
}

static long in_sigsuspend(const uint64_t *during)
{
	return syscall(SYS_rt_sigsuspend, during, 8);
}

static long in_ppoll(const uint64_t *during)
{
	return syscall(SYS_ppoll, NULL, 0, NULL, during, 8);
}

static long in_pselect(const uint64_t *during)
{
	const struct {
		const uint64_t *mask;
		size_t size;
	} argument = { during, 8 };

	return syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &argument);
}

static long in_epoll_pwait(const uint64_t *during)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event;
	long result = syscall(SYS_epoll_pwait, fd, &event, 1, -1, during, 8);
	int error = errno;

	close(fd);
	errno = error;
	return result;
}

/* With its own mask all the time. */
static long in_pause(const uint64_t *during)
{
	(void)during;
	return pause();
}

static struct waiting {
	long (*wait)(const uint64_t *during);
	int signal; /* that ends it */
	volatile bool begins;
	pthread_t thread;
} waits[] = {
	{ .wait = in_sigsuspend, .signal = SIGUSR2 }, { .wait = in_ppoll, .signal = SIGUSR2 },
	{ .wait = in_pselect, .signal = SIGUSR2 },    { .wait = in_epoll_pwait, .signal = SIGUSR2 },
	{ .wait = in_pause, .signal = SIGVTALRM },
};
#define WAITS (sizeof(waits) / sizeof(waits[0]))

/* They must return to the mask that stood before them, not to their own. */
static void *run(void *argument)
{
	uint64_t before = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGHUP), during = bit(SIGUSR1);
	struct waiting *waiting = argument;

	set_mask(before);
	waiting->begins = true;
	MUST(waiting->wait(&during) < 0 && errno == EINTR);
	MUST(handled == waiting->signal);
	MUST(get_mask() == before);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };

	subject_block();
	MUST(sigaction(SIGUSR2, &action, NULL) == 0 && sigaction(SIGVTALRM, &action, NULL) == 0);
	for (size_t i = 0; i < WAITS; i++) {
		MUST(pthread_create(&waits[i].thread, NULL, run, &waits[i]) == 0);
		while (!waits[i].begins)
			usleep(1000);
	}
	usleep(10000);
	set_mask(0x0123456789abcdef | bit(SIGUSR1) | bit(SIGUSR2));
	subject_main(look, NULL);
	for (size_t i = 0; i < WAITS; i++) {
		MUST(pthread_kill(waits[i].thread, waits[i].signal) == 0);
		MUST(pthread_join(waits[i].thread, NULL) == 0);
	}
	return 0;
}
