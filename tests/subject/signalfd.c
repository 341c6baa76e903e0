/* SPDX-License-Identifier: MIT */
/* Signals to read: some wait already, one comes later; waited for by epoll too. */
#include "tests/subject/file_view.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

struct state {
	int fd, empty, epoll;
};

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct epoll_event event;

	view_fd(view, "fd", s->fd);
	view_fd(view, "empty", s->empty);
	view_num(view, "due", epoll_wait(s->epoll, &event, 1, 0));
}

static void take(int fd, int signal, int value)
{
	struct signalfd_siginfo info;

	MUST(read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info));
	MUST((int)info.ssi_signo == signal && info.ssi_int == value);
}

static void use(void *state)
{
	const struct state *s = state;
	struct signalfd_siginfo info;
	struct epoll_event event;

	take(s->fd, SIGUSR2, 0);
	take(s->fd, SIGRTMIN + 3, 11);
	take(s->fd, SIGRTMIN + 3, 12);
	MUST(read(s->fd, &info, sizeof(info)) < 0 && errno == EAGAIN);
	MUST(epoll_wait(s->epoll, &event, 1, 0) == 0);
	MUST(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = 13 }) == 0);
	MUST(epoll_wait(s->epoll, &event, 1, 1000) == 1 && event.data.u64 == 77);
	take(s->fd, SIGRTMIN + 3, 13);
	MUST(read(s->empty, &info, sizeof(info)) < 0 && errno == EAGAIN);
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };
	struct state s;
	sigset_t set;

	sigemptyset(&set);
	s.empty = signalfd(-1, &set, SFD_NONBLOCK);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 3);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	s.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	s.epoll = epoll_create1(0);
	MUST(s.fd >= 0 && epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.fd, &event) == 0);
	MUST(kill(getpid(), SIGUSR2) == 0);
	for (int i = 11; i <= 12; i++)
		MUST(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i }) == 0);
	return subject_use(look, use, &s);
}
