/* SPDX-License-Identifier: MIT */
/* The blocked signals, of a thread that waits and of one that runs with another mask for the time
 * of a call. */
#include "tests/subject/kernel_signal.h"

#include <pthread.h>

static volatile sig_atomic_t handled;

static void handler(int number)
{
	handled = number;
}

static void look(struct view *view, void *state)
{
	(void)state;
	view_hex(view, "mask", get_mask());
}

/* sigsuspend(2) must return to the mask that stood before it, not to its own. */
static void *suspend(void *argument)
{
	uint64_t before = bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGHUP), during = bit(SIGUSR1);

	set_mask(before);
	*(volatile bool *)argument = true;
	MUST(syscall(SYS_rt_sigsuspend, &during, 8) < 0 && errno == EINTR);
	MUST(handled == SIGUSR2);
	MUST(get_mask() == before);
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	volatile bool suspended = false;
	pthread_t thread;

	subject_block();
	MUST(sigaction(SIGUSR2, &action, NULL) == 0);
	MUST(pthread_create(&thread, NULL, suspend, (void *)&suspended) == 0);
	while (!suspended)
		usleep(1000);
	usleep(10000);
	set_mask(0x0123456789abcdef | bit(SIGUSR1) | bit(SIGUSR2));
	subject_main(look, NULL);
	MUST(pthread_kill(thread, SIGUSR2) == 0);
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
