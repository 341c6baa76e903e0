/* SPDX-License-Identifier: MIT */
/* Timers that go on firing: a periodic POSIX timer with a blocked signal, one that already
 * expired and whose signal waits, and an absolute one that expires afterwards. */
#include "tests/subject/kernel_signal.h"

#include <time.h>

enum { PERIODIC, EXPIRED, LATER, COUNT };

static int create(int signal, long value, long interval)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal };
	struct itimerspec spec = { { interval / 1000, interval % 1000 * 1000000 },
				   { value / 1000, value % 1000 * 1000000 } };
	int id;

	event.sigev_value.sival_int = 1000 + signal;
	MUST(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0);
	MUST(syscall(SYS_timer_settime, id, 0, &spec, NULL) == 0);
	return id;
}

static void take(int signal, int id, int seconds)
{
	struct timespec limit = { seconds, 0 };
	uint64_t set = bit(signal);
	siginfo_t info;
	long got;

	do
		got = syscall(SYS_rt_sigtimedwait, &set, &info, &limit, 8);
	while (got < 0 && errno == EINTR);
	if (got != signal)
		subject_fail("signal %d of timer %d did not come", signal, id);
	if (info.si_code != SI_TIMER || info.si_value.sival_int != 1000 + signal ||
	    info.si_timerid != id)
		subject_fail("signal %d: code %d value %d timer %d, expected timer %d", signal,
			     info.si_code, info.si_value.sival_int, info.si_timerid, id);
}

static void look(struct view *view, void *state)
{
	uint64_t pending;

	(void)state;
	MUST(syscall(SYS_rt_sigpending, &pending, 8) == 0);
	view_bool(view, "periodic one waits", pending & bit(40));
	view_bool(view, "expired one waits", pending & bit(41));
	view_bool(view, "later one waits", pending & bit(42));
}

int main(void)
{
	int ids[COUNT];

	set_mask(bit(SIGUSR1) | bit(40) | bit(41) | bit(42));
	ids[PERIODIC] = create(40, 20, 20);
	ids[EXPIRED] = create(41, 1, 0);
	ids[LATER] = create(42, 1000000, 0);
	usleep(50000); /* both have expired, so that all that moves is a count */
	subject_main(look, ids);
	take(41, ids[EXPIRED], 1);
	for (int i = 0; i < 3; i++)
		take(40, ids[PERIODIC], 5);
	return 0;
}
