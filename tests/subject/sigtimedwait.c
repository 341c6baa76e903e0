/* SPDX-License-Identifier: MIT */
/* sigwaitinfo(2) with and without a limit of time, in threads: the kernel ends these calls with
 * EINTR when a thread is stopped (signal(7)), though no signal came. */
#include "tests/subject/kernel_signal.h"

#include <pthread.h>
#include <time.h>

struct waiter {
	pthread_t thread;
	int signal;
	long seconds; /* 0: no limit */
	long result;
	int error;
};

static void *run(void *argument)
{
	struct waiter *waiter = argument;
	struct timespec limit = { waiter->seconds, 0 };
	uint64_t set = bit(waiter->signal);

	waiter->result =
		syscall(SYS_rt_sigtimedwait, &set, NULL, waiter->seconds ? &limit : NULL, 8);
	waiter->error = waiter->result < 0 ? errno : 0;
	return NULL;
}

static void look(struct view *view, void *state)
{
	struct waiter *waiters = state;

	view_num(view, "untimed", waiters[0].result);
	view_num(view, "timed", waiters[1].result);
	view_num(view, "error", waiters[1].error);
}

int main(void)
{
	struct waiter waiters[2] = { { .signal = 40 }, { .signal = 41, .seconds = 2 } };

	set_mask(bit(SIGUSR1) | bit(40) | bit(41));
	for (int i = 0; i < 2; i++)
		MUST(pthread_create(&waiters[i].thread, NULL, run, &waiters[i]) == 0);
	usleep(20000);
	MUST(waiters[0].result == 0 && waiters[1].result == 0);
	waiters[0].result = 40;
	waiters[1].result = -1;
	waiters[1].error = EAGAIN;
	subject_show(look, waiters);
	waiters[0].result = waiters[1].result = waiters[1].error = 0;
	subject_wait();
	MUST(pthread_kill(waiters[0].thread, 40) == 0);
	for (int i = 0; i < 2; i++)
		MUST(pthread_join(waiters[i].thread, NULL) == 0);
	subject_show(look, waiters);
	subject_say("done");
	return 0;
}
