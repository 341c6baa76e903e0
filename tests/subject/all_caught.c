/* SPDX-License-Identifier: MIT */
/* Every signal has a handler, and none of them may ever run: whoever stops and examines this
 * process has no signal to use that it would not notice. Only SIGCONT may come: the runner sends it
 * to what was restored with --stopped. */
#include "tests/subject/kernel_signal.h"

#include <pthread.h>

static volatile sig_atomic_t ran[65];

static void handler(int number)
{
	ran[number]++;
}

static void look(struct view *view, void *state)
{
	int sum = 0;

	(void)state;
	for (int number = 1; number <= 64; number++)
		if (ran[number] && number != SIGCONT)
			subject_fail("signal %d was delivered", number), sum++;
	view_num(view, "handlers run", sum);
	view_actions(view);
}

/* One thread that runs on, so that not only system calls are interrupted. */
static void *spin(void *argument)
{
	volatile bool *end = argument;

	while (!*end)
		;
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct kernel_sigaction raw;
	volatile bool end = false;
	pthread_t thread;

	subject_block();
	MUST(pthread_create(&thread, NULL, spin, (void *)&end) == 0);
	for (int number = 1; number <= 64; number++)
		if (number != SIGKILL && number != SIGSTOP && number != 32 && number != 33)
			MUST(sigaction(number, &action, NULL) == 0);
	get_action(SIGTERM, &raw);
	set_action(32, &raw);
	set_action(33, &raw);
	subject_main(look, NULL);
	end = true;
	MUST(pthread_join(thread, NULL) == 0);
	return 0;
}
