/* SPDX-License-Identifier: MIT */
/* Timers to read: idle, far away, periodic, expired, absolute; waited for by epoll too. */
#include "tests/subject/file_view.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

struct state {
	int idle, far, fast, spent, day, stale, due, epoll;
};

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct itimerspec value;
	struct epoll_event event;

	view_fd(view, "idle", s->idle);
	view_fd(view, "far", s->far);
	MUST(timerfd_gettime(s->idle, &value) == 0);
	view_num(view, "idle.value", value.it_value.tv_sec);
	view_num(view, "idle.interval", value.it_interval.tv_sec);
	MUST(timerfd_gettime(s->far, &value) == 0);
	view_bool(view, "far.value", value.it_value.tv_sec > 800 && value.it_value.tv_sec <= 900);
	view_num(view, "far.interval", value.it_interval.tv_nsec);
	MUST(timerfd_gettime(s->day, &value) == 0);
	view_bool(view, "day.value", value.it_value.tv_sec > 700 && value.it_value.tv_sec <= 800);
	MUST(timerfd_gettime(s->spent, &value) == 0);
	view_num(view, "spent.value", value.it_value.tv_nsec);
	view_num(view, "due", epoll_wait(s->epoll, &event, 1, 0));
}

static bool is_due(int fd, int timeout)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, timeout) == 1;
}

static void use(void *state)
{
	const struct state *s = state;
	uint64_t ticks;

	MUST(!is_due(s->idle, 0) && !is_due(s->far, 0) && !is_due(s->day, 0));
	MUST(read(s->spent, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks == 1);
	MUST(!is_due(s->spent, 0));
	/* At least those before the dump; read once, and then it goes on. */
	MUST(read(s->fast, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 5);
	MUST(read(s->fast, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 1);
	MUST(read(s->stale, &ticks, sizeof(ticks)) < 0 && errno == EAGAIN);
}

static int set(int clock, int flags, int abstime, struct itimerspec value)
{
	int fd = timerfd_create(clock, flags);

	MUST(fd >= 0 && timerfd_settime(fd, abstime, &value, NULL) == 0);
	return fd;
}

int main(void)
{
	const struct timespec once = { 0, 1 }, ms = { 0, 1000000 }, pause = { 0, 20000000 };
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 5 };
	struct itimerspec day = { .it_interval = { 3600, 0 } };
	struct state s = { .epoll = epoll_create1(0) };
	uint64_t ticks;

	MUST(clock_gettime(CLOCK_REALTIME, &day.it_value) == 0);
	day.it_value.tv_sec += 800;
	s.idle = set(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC, 0,
		     (struct itimerspec){ .it_interval = { 7, 0 } });
	s.far = set(CLOCK_MONOTONIC, 0, 0, (struct itimerspec){ { 0, 5 }, { 900, 0 } });
	s.fast = set(CLOCK_MONOTONIC, 0, 0, (struct itimerspec){ ms, ms });
	s.spent = set(CLOCK_REALTIME, 0, 0, (struct itimerspec){ { 0, 0 }, once });
	s.stale = set(CLOCK_MONOTONIC, TFD_NONBLOCK, 0, (struct itimerspec){ { 0, 0 }, once });
	s.day = set(CLOCK_REALTIME, 0, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, day);
	MUST(nanosleep(&pause, NULL) == 0);
	MUST(read(s.stale, &ticks, sizeof(ticks)) == sizeof(ticks));
	MUST(epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.fast, &event) == 0);
	return subject_use(look, use, &s);
}
