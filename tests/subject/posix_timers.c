/* SPDX-License-Identifier: MIT */
/* POSIX timers: ids with gaps, every clock and way to notify, armed and disarmed. */
#include "tests/subject/vma.h"

#include <sys/syscall.h>
#include <time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static const struct {
	clockid_t clock;
	int notify;
	int signal;
	time_t value; /* seconds; 0: not armed */
	time_t interval;
	bool deleted;
} kinds[] = {
	{ CLOCK_REALTIME, SIGEV_SIGNAL, 40, 5000, 0, false },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, 41, 6000, 7000, true },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, 42, 6000, 7000, false },
	{ CLOCK_MONOTONIC, SIGEV_NONE, 0, 8000, 0, false },
	{ CLOCK_BOOTTIME, SIGEV_THREAD_ID, 43, 9000, 100, true },
	{ CLOCK_BOOTTIME, SIGEV_THREAD_ID, 44, 9000, 100, false },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, 45, 0, 0, false },
	{ CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, 46, 9000, 1, false },
	{ CLOCK_THREAD_CPUTIME_ID, SIGEV_SIGNAL, SIGALRM, 9000, 0, false },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, 47, 9000, 0, true },
};
#define COUNT (int)(sizeof(kinds) / sizeof(kinds[0]))

/* The C library's timer_t is not the id; the kernel's is an int. */
static int create(clockid_t clock, struct sigevent *event)
{
	int id = -1;

	if (syscall(SYS_timer_create, clock, event, &id) < 0)
		subject_fail("timer_create of clock %d", (int)clock);
	return id;
}

static void view_left(struct view *view, int i, int id)
{
	struct itimerspec left;
	char key[32];

	MUST(syscall(SYS_timer_gettime, id, &left) == 0);
	snprintf(key, sizeof(key), "interval %d", i);
	view_num(view, key, left.it_interval.tv_sec);
	snprintf(key, sizeof(key), "armed %d", i);
	view_bool(view, key, left.it_value.tv_sec || left.it_value.tv_nsec);
	if (kinds[i].value &&
	    (left.it_value.tv_sec > kinds[i].value || left.it_value.tv_sec < kinds[i].value - 300))
		subject_fail("timer %d has %ld s left of %ld", i, (long)left.it_value.tv_sec,
			     (long)kinds[i].value);
}

/* Without the thread id that is notified: it may be another one afterwards. */
static void view_proc(struct view *view)
{
	static char text[8192];
	char *line, *save, *dot;
	char key[32];
	int number = 0;

	read_proc("/proc/self/timers", text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "notify:", 7) && (dot = strrchr(line, '.')))
			*dot = '\0';
		snprintf(key, sizeof(key), "line %d", number++);
		view_str(view, key, line);
	}
}

static void look(struct view *view, void *state)
{
	int *ids = state;

	view_proc(view);
	for (int i = 0; i < COUNT; i++)
		if (!kinds[i].deleted)
			view_left(view, i, ids[i]);
}

int main(void)
{
	int ids[COUNT], next;

	for (int i = 0; i < COUNT; i++) {
		struct sigevent event = { .sigev_notify = kinds[i].notify,
					  .sigev_signo = kinds[i].signal };
		struct itimerspec spec = { { kinds[i].interval, 0 }, { kinds[i].value, 0 } };

		event.sigev_value.sival_ptr = (void *)(uintptr_t)(0xfeed00000000 + (unsigned)i);
		if (kinds[i].notify == SIGEV_THREAD_ID)
			event.sigev_notify_thread_id = gettid();
		ids[i] = create(kinds[i].clock, &event);
		MUST(syscall(SYS_timer_settime, ids[i], 0, &spec, NULL) == 0);
	}
	for (int i = 0; i < COUNT; i++)
		if (kinds[i].deleted)
			MUST(syscall(SYS_timer_delete, ids[i]) == 0);
	subject_main(look, ids);
	next = create(CLOCK_MONOTONIC, NULL);
	for (int i = 0; i < COUNT; i++)
		MUST(kinds[i].deleted || ids[i] != next);
	return 0;
}
