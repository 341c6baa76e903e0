/* SPDX-License-Identifier: MIT */
/* A set that two processes share, each with a descriptor of its own of the same number in it. */
#include "tests/subject/file_view.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

struct state {
	int set, own, timer;
	int ask, answer;
	pid_t child;
};

static void add(int set, int fd, uint64_t data)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = data };

	MUST(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
}

/* Tells whenever it is asked, and makes its own descriptor ready. */
static void child(const struct state *s, int ask, int answer)
{
	int own = eventfd(0, 0);
	char c = 0;

	MUST(own == s->own);
	add(s->set, own, 2);
	do {
		MUST(write(answer, "a", 1) == 1);
		if (c)
			eventfd_write(own, 1);
	} while (read(ask, &c, 1) == 1);
	_exit(0);
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct epoll_event event;
	struct itimerspec value;

	view_fd(view, "set", s->set);
	view_num(view, "due", epoll_wait(s->set, &event, 1, 0));
	MUST(timerfd_gettime(s->timer, &value) == 0);
	view_bool(view, "timer", value.it_value.tv_sec > 800);
}

static void use(void *state)
{
	const struct state *s = state;
	struct epoll_event events[4];
	int status;
	char c;

	/* Of all that were stopped only the first was told to go on. */
	MUST(kill(0, SIGCONT) == 0);
	MUST(eventfd_write(s->own, 1) == 0);
	MUST(epoll_wait(s->set, events, 4, 0) == 1 && events[0].data.u64 == 1);
	MUST(write(s->ask, "q", 1) == 1 && read(s->answer, &c, 1) == 1);
	for (int i = 0; epoll_wait(s->set, events, 4, 0) < 2; i++)
		MUST(i < 500 && usleep(10000) == 0);
	MUST(events[0].data.u64 + events[1].data.u64 == 3);
	close(s->ask);
	MUST(wait(&status) > 0 && status == 0);
}

int main(void)
{
	const struct itimerspec far = { .it_value = { 900, 0 } };
	struct state s = {
		.set = epoll_create1(0),
		.timer = timerfd_create(CLOCK_MONOTONIC, 0),
	};
	int ask[2], answer[2];
	char c;

	subject_block();
	MUST(pipe(ask) == 0 && pipe(answer) == 0);
	MUST(timerfd_settime(s.timer, 0, &far, NULL) == 0);
	s.ask = ask[1];
	s.answer = answer[0];
	s.own = dup(0);
	close(s.own);
	s.child = fork();
	MUST(s.child >= 0);
	if (s.child == 0) {
		/* Its end comes with that of the parent. */
		MUST(dup2(ask[0], ask[1]) == ask[1]);
		child(&s, ask[0], answer[1]);
	}
	MUST(read(s.answer, &c, 1) == 1);

	MUST(eventfd(0, 0) == s.own);
	add(s.set, s.own, 1);
	return subject_use(look, use, &s);
}
