/* SPDX-License-Identifier: MIT */
/* Dispositions of all 64 signals: default, ignored, and handlers with every flag, mask and
 * restorer. */
#include "tests/subject/kernel_signal.h"

static const uint64_t flags[] = { SA_SIGINFO, SA_RESTART, SA_NODEFER, SA_RESETHAND,
				  SA_ONSTACK, 0,	  0x800 /* SA_EXPOSE_TAGBITS */ };

static void handler(int number)
{
	subject_fail("signal %d", number);
}

static void look(struct view *view, void *state)
{
	(void)state;
	view_actions(view);
}

int main(void)
{
	/* Whatever the library uses as restorer; a second one that is only looked at. */
	struct kernel_sigaction action = { 0 };
	struct sigaction ordinary = { .sa_handler = handler };
	uint64_t restorer;

	MUST(sigaction(SIGTERM, &ordinary, NULL) == 0);
	get_action(SIGTERM, &action);
	restorer = action.restorer;
	for (int number = 1; number <= 64; number++) {
		if (number == SIGKILL || number == SIGSTOP || number == SIGUSR1)
			continue;
		action.flags = flags[number % 7] | (number % 2 ? 0x04000000 /* SA_RESTORER */ : 0);
		action.handler = number % 4 == 1 ? 0 : number % 4 == 2 ? 1 : (uintptr_t)handler;
		action.restorer = number % 2 ? restorer + (uint64_t)(number > 40) : 0;
		action.mask = 0x5555aaaa00000000 >> (number % 31) ^ (uint64_t)number;
		if (number == SIGCHLD)
			action.flags = SA_NOCLDSTOP | SA_NOCLDWAIT;
		set_action(number, &action);
	}
	return subject_main(look, NULL);
}
