/* SPDX-License-Identifier: MIT */
/* raise(3) in a loop with handlers for SIGUSR1 and SIGUSR2 that take turns. With a remembered
 * process or thread id that is no longer right, no signal comes, or it goes elsewhere. */
#include "tests/subject/subject.h"

static volatile sig_atomic_t count[2], last, ended;

/* What was in registers or in a signal's information when the process was dumped has the old id
 * then: that can go wrong once. */
static volatile sig_atomic_t caught_between;

/* The runner's SIGUSR1 comes from outside. */
static void handler(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code != SI_TKILL) {
		ended = 1;
		return;
	}
	if (info->si_pid != getpid() && caught_between++)
		subject_fail("raised by %d in %d", info->si_pid, getpid());
	count[number == SIGUSR2]++;
	last = number;
}

/* A pause is long enough not to end while the restore prepares it. */
static void turns(int rounds, unsigned pause)
{
	for (int i = 0; i < rounds && !(ended && pause); i++) {
		int number = last == SIGUSR1 ? SIGUSR2 : SIGUSR1;

		if (raise(number) && !caught_between++)
			continue;
		if (last != number)
			subject_fail("raised %d, last handled was %d", number, (int)last);
		if (pause)
			usleep(pause);
	}
}

static void look(struct view *view, void *state)
{
	int difference = count[0] - count[1];

	(void)state;
	turns(10, 0);
	view_bool(view, "alternates", difference == 0 || difference == 1);
	view_num(view, "_rounds", count[0]);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	MUST(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
	subject_show(look, NULL);
	subject_say("ready");
	while (!ended)
		turns(100000, 5000);
	turns(1000, 0);
	subject_show(look, NULL);
	subject_say("done");
	return 0;
}
