/* SPDX-License-Identifier: MIT */
/* The signal at the death of the parent: restored, but not sent because the parent is another. */
#include "tests/subject/subject.h"

#include <sys/prctl.h>

static volatile sig_atomic_t died;

static void handler(int number)
{
	died = number;
}

static void look(struct view *view, void *state)
{
	int number;

	(void)state;
	MUST(prctl(PR_GET_PDEATHSIG, &number) == 0);
	view_num(view, "signal", number);
	view_num(view, "came", died);
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };

	MUST(sigaction(SIGUSR2, &action, NULL) == 0);
	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0);
	return subject_main(look, NULL);
}
