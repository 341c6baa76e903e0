/* SPDX-License-Identifier: MIT */
/* Signal calls as the kernel has them: the C library hides flags, restorer and signals 32 and 33. */
#ifndef PIMAGE_TESTS_KERNEL_SIGNAL_H
#define PIMAGE_TESTS_KERNEL_SIGNAL_H

#include "tests/subject/subject.h"

#include <sys/syscall.h>

struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static inline void get_action(int number, struct kernel_sigaction *action)
{
	MUST(syscall(SYS_rt_sigaction, number, NULL, action, 8) == 0);
}

static inline void set_action(int number, const struct kernel_sigaction *action)
{
	MUST(syscall(SYS_rt_sigaction, number, action, NULL, 8) == 0);
}

static inline uint64_t get_mask(void)
{
	uint64_t mask;

	MUST(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8) == 0);
	return mask;
}

static inline void set_mask(uint64_t mask)
{
	MUST(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8) == 0);
}

static inline uint64_t bit(int number)
{
	return 1ULL << (number - 1);
}

/* "handler flags restorer mask" of every signal. */
static inline void view_actions(struct view *view)
{
	struct kernel_sigaction action;
	char key[16];

	for (int number = 1; number <= 64; number++) {
		get_action(number, &action);
		snprintf(key, sizeof(key), "signal %d", number);
		view_key(view, key);
		view_raw(view, "\"%lx %lx %lx %lx\"", action.handler, action.flags, action.restorer,
			 action.mask);
	}
}

#endif
