/* SPDX-License-Identifier: MIT */
/* Who gets a signal when a pipe has something to read. */
#include "tests/subject/file_view.h"

static void look(struct view *view, void *state)
{
	const int *ends = state;
	struct f_owner_ex owner;

	view_fd(view, "reader", ends[0]);
	MUST(fcntl(ends[0], F_GETOWN_EX, &owner) == 0);
	view_num(view, "kind", owner.type);
	view_bool(view, "self", owner.pid == getpid());
	view_num(view, "signal", fcntl(ends[0], F_GETSIG));
}

static void use(void *state)
{
	const int *ends = state;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	MUST(write(ends[1], "x", 1) == 1);
	MUST(sigwaitinfo(&set, &info) == SIGRTMIN + 3 && info.si_fd == ends[0]);
}

int main(void)
{
	int ends[2];
	sigset_t set;
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && pipe2(ends, O_CLOEXEC) == 0);
	MUST(fcntl(ends[0], F_SETOWN_EX, &owner) == 0 &&
	     fcntl(ends[0], F_SETSIG, SIGRTMIN + 3) == 0);
	MUST(fcntl(ends[0], F_SETFL, O_ASYNC) == 0);
	return subject_use(look, use, ends);
}
