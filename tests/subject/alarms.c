/* SPDX-License-Identifier: MIT */
/* An interval timer that expired while its signal is blocked: the kernel starts it again only when
 * the signal is taken, so at the moment it looks as if it were not armed. */
#include "tests/subject/subject.h"

#include <sys/time.h>
#include <time.h>

static void look(struct view *view, void *state)
{
	struct itimerval left;
	sigset_t pending;

	(void)state;
	MUST(getitimer(ITIMER_REAL, &left) == 0 && sigpending(&pending) == 0);
	view_num(view, "interval", left.it_interval.tv_usec);
	view_bool(view, "waits", sigismember(&pending, SIGALRM));
}

int main(void)
{
	struct itimerval real = { { 0, 30000 }, { 0, 10000 } };
	struct timespec limit = { 5, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	MUST(setitimer(ITIMER_REAL, &real, NULL) == 0);
	usleep(60000);
	subject_main(look, NULL);
	sigdelset(&set, SIGUSR1);
	for (int i = 0; i < 4; i++)
		if (sigtimedwait(&set, NULL, &limit) != SIGALRM)
			subject_fail("alarm %d has not come", i);
	return 0;
}
