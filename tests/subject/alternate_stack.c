/* SPDX-License-Identifier: MIT */
/* The alternate signal stack, while a handler runs on it, and while one runs that was disarmed. */
#include "tests/subject/kernel_signal.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

#define SIZE 262144 /* holds a struct view twice */

static void look(struct view *view, void *state)
{
	stack_t stack;
	char here;

	MUST(sigaltstack(NULL, &stack) == 0);
	view_hex(view, "address", (uintptr_t)stack.ss_sp);
	view_num(view, "size", (long long)stack.ss_size);
	view_hex(view, "flags", (unsigned)stack.ss_flags);
	view_bool(view, "on it", &here > (char *)state && &here < (char *)state + SIZE);
}

static void *memory;

static void on_stack(int number)
{
	(void)number;
	subject_main(look, memory);
}

int main(int argc, char **argv)
{
	stack_t stack = { .ss_sp = malloc(SIZE), .ss_size = SIZE }, after;
	struct sigaction action = { .sa_handler = on_stack, .sa_flags = SA_ONSTACK };

	(void)argv;
	memory = stack.ss_sp;
	if (argc > 1)
		stack.ss_flags = (int)SS_AUTODISARM;
	MUST(sigaltstack(&stack, NULL) == 0);
	MUST(sigaction(SIGUSR2, &action, NULL) == 0);
	raise(SIGUSR2);
	MUST(sigaltstack(NULL, &after) == 0);
	MUST(after.ss_sp == stack.ss_sp && after.ss_size == SIZE &&
	     after.ss_flags == stack.ss_flags);
	return 0;
}
