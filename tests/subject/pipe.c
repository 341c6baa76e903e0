/* SPDX-License-Identifier: MIT */
/*
 * Pipes within the process: bytes in flight, capacity, full, packets, ends opened anew, a dead end.
 * Objects: pipe, pipe_end
 */
#include "tests/subject/file_view.h"

#include <poll.h>
#include <sys/ioctl.h>

struct state {
	int stream[2], full[2], packets[2], again, orphan, broken, empty[2];
	int full_bytes;
};

static void look_pipe(struct view *view, const char *name, int reader, int writer)
{
	char key[64];
	int bytes;

	snprintf(key, sizeof(key), "%s.reader", name);
	view_fd(view, key, reader);
	snprintf(key, sizeof(key), "%s.writer", name);
	view_fd(view, key, writer);
	snprintf(key, sizeof(key), "%s.capacity", name);
	view_num(view, key, fcntl(writer, F_GETPIPE_SZ));
	snprintf(key, sizeof(key), "%s.bytes", name);
	MUST(ioctl(reader, FIONREAD, &bytes) == 0);
	view_num(view, key, bytes);
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct pollfd poller = { .fd = s->orphan, .events = POLLIN };
	int bytes;

	look_pipe(view, "stream", s->stream[0], s->stream[1]);
	look_pipe(view, "full", s->full[0], s->full[1]);
	look_pipe(view, "packets", s->packets[0], s->packets[1]);
	look_pipe(view, "empty", s->empty[0], s->empty[1]);
	view_fd(view, "again", s->again);
	view_fd(view, "orphan", s->orphan);
	view_fd(view, "broken", s->broken);
	MUST(ioctl(s->orphan, FIONREAD, &bytes) == 0 && poll(&poller, 1, 0) == 1);
	view_num(view, "orphan.bytes", bytes);
	view_num(view, "orphan.poll", poller.revents);
}

static void use(void *state)
{
	const struct state *s = state;
	static char buffer[1 << 20];

	MUST(read(s->stream[0], buffer, 3) == 3 && memcmp(buffer, "one", 3) == 0);
	MUST(read(s->again, buffer, 100) == 3 && memcmp(buffer, "two", 3) == 0);
	MUST(write(s->stream[1], "new", 3) == 3 && read(s->stream[0], buffer, 100) == 3);
	MUST(write(s->full[1], "x", 1) < 0 && errno == EAGAIN);
	for (int n = 0, got; n < s->full_bytes; n += got) {
		got = (int)read(s->full[0], buffer, sizeof(buffer));
		MUST(got > 0 && buffer[0] == 'f');
	}
	MUST(read(s->packets[0], buffer, 100) == 5 && memcmp(buffer, "first", 5) == 0);
	MUST(read(s->packets[0], buffer, 2) == 2 && memcmp(buffer, "se", 2) == 0);
	MUST(read(s->packets[0], buffer, 100) == 1 && buffer[0] == '3');
	MUST(read(s->orphan, buffer, 100) == 4 && read(s->orphan, buffer, 100) == 0);
	signal(SIGPIPE, SIG_IGN);
	MUST(write(s->broken, "x", 1) < 0 && errno == EPIPE);
	MUST(close(s->empty[1]) == 0 && read(s->empty[0], buffer, 1) == 0);
}

int main(void)
{
	static char text[1 << 20];
	struct state s = { .full_bytes = 0 };
	int ends[2];
	ssize_t n;
	char path[64];

	MUST(pipe(s.stream) == 0 && write(s.stream[1], "onetwo", 6) == 6);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s.stream[0]);
	s.again = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	MUST(pipe2(s.full, O_NONBLOCK | O_CLOEXEC) == 0);
	MUST(fcntl(s.full[1], F_SETPIPE_SZ, 1 << 18) == 1 << 18);
	memset(text, 'f', sizeof(text));
	while ((n = write(s.full[1], text, sizeof(text))) > 0)
		s.full_bytes += (int)n;
	MUST(pipe2(s.packets, O_DIRECT) == 0);
	MUST(write(s.packets[1], "first", 5) == 5 && write(s.packets[1], "second", 6) == 6);
	MUST(write(s.packets[1], "3", 1) == 1);
	MUST(pipe(ends) == 0 && write(ends[1], "last", 4) == 4 && close(ends[1]) == 0);
	s.orphan = ends[0];
	MUST(pipe2(ends, O_CLOEXEC) == 0 && close(ends[0]) == 0);
	s.broken = ends[1];
	MUST(pipe(s.empty) == 0);
	return subject_use(look, use, &s);
}
