/* SPDX-License-Identifier: MIT */
/* Sets of descriptors: all ways to register, sets within sets, what is due and what is not. */
#include "tests/subject/file_view.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct state {
	int outer, inner, level, edge, quiet, reported, spent, exclusive, twice;
};

/* As the kernel shows it, in an order of its own: all lines added up. */
static void view_set(struct view *view, const char *key, int fd)
{
	char path[64], line[256];
	unsigned long long sum = 0, count = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	in = fopen(path, "re");
	MUST(in);
	while (fgets(line, sizeof(line), in)) {
		unsigned tfd, events;
		unsigned long long data;

		if (sscanf(line, "tfd: %u events: %x data: %llx", &tfd, &events, &data) != 3)
			continue;
		/* Of one that was reported nothing brings this back but another event. */
		if (events & EPOLLONESHOT)
			events &= ~(unsigned)(EPOLLERR | EPOLLHUP);
		sum += (tfd * 0x9e3779b97f4a7c15) ^ (events * 0xc2b2ae3d27d4eb4f) ^ data;
		count++;
	}
	fclose(in);
	view_hex(view, key, sum);
	view_num(view, "count", (long long)count);
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct pollfd outer = { .fd = s->outer, .events = POLLIN };

	view_fd(view, "outer", s->outer);
	view_fd(view, "inner", s->inner);
	view_set(view, "outer.set", s->outer);
	view_set(view, "inner.set", s->inner);
	view_num(view, "due", poll(&outer, 1, 0));
}

static bool reports(int set, uint64_t data, uint32_t mask)
{
	struct epoll_event events[16];
	int n = epoll_wait(set, events, 16, 0);

	MUST(n >= 0);
	for (int i = 0; i < n; i++)
		if (events[i].data.u64 == data)
			return events[i].events & mask;
	return false;
}

static void add(int set, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	MUST(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void use(void *state)
{
	const struct state *s = state;
	struct epoll_event again = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 5 };
	eventfd_t value;

	MUST(reports(s->inner, 1, EPOLLIN) && reports(s->inner, 1, EPOLLIN));
	/* The first may be one too many, the second must not be. */
	reports(s->inner, 2, EPOLLIN);
	MUST(!reports(s->inner, 2, EPOLLIN));
	MUST(eventfd_write(s->edge, 1) == 0 && reports(s->inner, 2, EPOLLIN));
	MUST(!reports(s->inner, 3, EPOLLIN));
	MUST(eventfd_write(s->quiet, 1) == 0 && reports(s->inner, 3, EPOLLIN));
	MUST(eventfd_write(s->reported, 1) == 0 && !reports(s->inner, 4, ~0u));
	MUST(eventfd_write(s->spent, 1) == 0 && !reports(s->inner, 5, ~0u));
	MUST(epoll_ctl(s->inner, EPOLL_CTL_MOD, s->spent, &again) == 0);
	MUST(reports(s->inner, 5, EPOLLIN) && !reports(s->inner, 5, ~0u));
	MUST(reports(s->inner, 7, EPOLLOUT) && reports(s->inner, 8, EPOLLIN));
	MUST(eventfd_read(s->exclusive, &value) < 0 && eventfd_write(s->exclusive, 1) == 0 &&
	     reports(s->inner, 6, EPOLLIN));
	MUST(reports(s->outer, 9, EPOLLIN));
}

int main(void)
{
	int ends[2];
	struct state s = {
		.outer = epoll_create1(EPOLL_CLOEXEC),
		.inner = epoll_create1(0),
		.level = eventfd(1, 0),
		.edge = eventfd(1, EFD_NONBLOCK),
		.quiet = eventfd(0, EFD_NONBLOCK),
		.reported = eventfd(1, EFD_NONBLOCK),
		.exclusive = eventfd(0, EFD_NONBLOCK),
	};
	eventfd_t value;

	MUST(pipe(ends) == 0);
	s.spent = eventfd(1, EFD_NONBLOCK);
	s.twice = dup2(s.level, 100);
	add(s.inner, s.level, EPOLLIN, 1);
	add(s.inner, s.edge, EPOLLIN | EPOLLET | EPOLLRDHUP, 2);
	add(s.inner, s.quiet, EPOLLIN, 3);
	add(s.inner, s.reported, EPOLLIN | EPOLLONESHOT, 4);
	add(s.inner, s.spent, EPOLLIN | EPOLLONESHOT, 5);
	add(s.inner, s.exclusive, EPOLLIN | EPOLLEXCLUSIVE, 6);
	add(s.inner, ends[1], EPOLLOUT, 7);
	add(s.inner, s.twice, EPOLLIN | EPOLLPRI, 8);
	add(s.outer, s.inner, EPOLLIN, 9);
	reports(s.inner, 1, EPOLLIN);
	MUST(!reports(s.inner, 4, ~0u) && !reports(s.inner, 5, ~0u));
	MUST(eventfd_read(s.spent, &value) == 0);
	return subject_use(look, use, &s);
}
