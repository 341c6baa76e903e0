/* SPDX-License-Identifier: MIT */
/* The three interval timers, and that of real time goes on. */
#include "tests/subject/subject.h"

#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void tick(int number)
{
	(void)number;
	ticks++;
}

static void view_one(struct view *view, const char *name, int which, time_t most)
{
	struct itimerval left;
	char key[32];

	MUST(getitimer(which, &left) == 0);
	snprintf(key, sizeof(key), "%s interval", name);
	view_num(view, key, left.it_interval.tv_sec * 1000000 + left.it_interval.tv_usec);
	snprintf(key, sizeof(key), "%s armed", name);
	view_bool(view, key, left.it_value.tv_sec || left.it_value.tv_usec);
	if (left.it_value.tv_sec > most || (most > 300 && left.it_value.tv_sec < most - 300))
		subject_fail("%s has %ld s left", name, (long)left.it_value.tv_sec);
}

static void look(struct view *view, void *state)
{
	(void)state;
	view_one(view, "real", ITIMER_REAL, 4);
	view_one(view, "virtual", ITIMER_VIRTUAL, 5000);
	view_one(view, "prof", ITIMER_PROF, 6000);
}

int main(void)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval real = { { 0, 15000 }, { 3, 0 } }, cpu = { { 0, 0 }, { 5000, 0 } },
			 prof = { { 17, 18 }, { 6000, 0 } };
	int before;

	MUST(sigaction(SIGALRM, &action, NULL) == 0);
	MUST(setitimer(ITIMER_REAL, &real, NULL) == 0);
	MUST(setitimer(ITIMER_VIRTUAL, &cpu, NULL) == 0);
	MUST(setitimer(ITIMER_PROF, &prof, NULL) == 0);
	subject_main(look, NULL);
	before = ticks;
	for (int i = 0; ticks < before + 3; i++) {
		MUST(i < 1000);
		usleep(5000);
	}
	return 0;
}
