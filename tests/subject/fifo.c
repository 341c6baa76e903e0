/* SPDX-License-Identifier: MIT */
/* Named pipes: with bytes in flight, both ways in one, without a writer yet or any more, without a reader. */
/* Objects: pipe_end */
#include "tests/subject/file_view.h"

#include <poll.h>

struct state {
	int reader, writer, both, waiting, left, unread;
};

static int events(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	MUST(poll(&poller, 1, 0) >= 0);
	return poller.revents;
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;

	view_fd(view, "reader", s->reader);
	view_fd(view, "writer", s->writer);
	view_fd(view, "both", s->both);
	view_fd(view, "waiting", s->waiting);
	view_num(view, "capacity", fcntl(s->writer, F_GETPIPE_SZ));
	view_num(view, "reader.events", events(s->reader));
	view_num(view, "both.events", events(s->both));
	view_num(view, "waiting.events", events(s->waiting));
	view_num(view, "left.events", events(s->left));
	view_num(view, "unread.events", events(s->unread));
}

static void expect(int fd, const char *text)
{
	char got[64] = "";

	MUST(read(fd, got, sizeof(got) - 1) == (ssize_t)strlen(text) && strcmp(got, text) == 0);
}

static void put(int fd, const char *text)
{
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void use(void *state)
{
	const struct state *s = state;
	char none;
	int fd;

	expect(s->reader, "in flight");
	put(s->writer, "more");
	expect(s->reader, "more");
	expect(s->both, "both ways");
	MUST(read(s->both, &none, 1) < 0 && errno == EAGAIN);
	fd = open("waiting", O_WRONLY);
	put(fd, "at last");
	close(fd);
	expect(s->waiting, "at last");
	expect(s->left, "left behind");
	MUST(read(s->left, &none, 1) == 0);
	signal(SIGPIPE, SIG_IGN);
	MUST(write(s->unread, "x", 1) < 0 && errno == EPIPE);
}

static int make(const char *name, int flags)
{
	int fd;

	MUST(mkfifo(name, 0600) == 0 || errno == EEXIST);
	fd = open(name, flags);
	MUST(fd >= 0);
	return fd;
}

int main(void)
{
	int reader, writer;
	struct state s = {
		.reader = make("plain", O_RDONLY | O_NONBLOCK),
		.writer = make("plain", O_WRONLY | O_CLOEXEC),
		.both = make("both", O_RDWR | O_NONBLOCK),
		.waiting = make("waiting", O_RDONLY | O_NONBLOCK),
		.left = make("left", O_RDONLY | O_NONBLOCK),
	};

	MUST(fcntl(s.writer, F_SETPIPE_SZ, 8192) >= 0 && fcntl(s.reader, F_SETFL, 0) == 0);
	put(s.writer, "in flight");
	put(s.both, "both ways");
	writer = make("left", O_WRONLY);
	put(writer, "left behind");
	close(writer);
	reader = make("unread", O_RDONLY | O_NONBLOCK);
	s.unread = make("unread", O_WRONLY);
	close(reader);
	return subject_use(look, use, &s);
}
