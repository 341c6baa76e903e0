/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and credentials in flight: sent through unix sockets and not yet received.
 * Objects: unix_socket, unix_end
 */
#include "tests/subject/file_view.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MOST 4

struct state {
	int stream[2], datagram[2], packet[2], nested[2], self[2], named[2], creds[2];
	int shared; /* also in flight */
	int pipe_reader;
};

struct letter {
	char text[64];
	ssize_t size;
	int fds[MOST];
	size_t n_fds;
	struct ucred from;
};

static void send_with(int to, const char *text, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(MOST * sizeof(int))];
	} control = { .space = "" };
	struct iovec vector = { (char *)text, strlen(text) };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (n) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align =
			(struct cmsghdr){ CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	MUST(sendmsg(to, &header, MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void take(const struct cmsghdr *c, struct letter *letter)
{
	if (c->cmsg_type == SCM_CREDENTIALS)
		memcpy(&letter->from, CMSG_DATA(c), sizeof(letter->from));
	if (c->cmsg_type != SCM_RIGHTS)
		return;
	letter->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	MUST(letter->n_fds <= MOST);
	memcpy(letter->fds, CMSG_DATA(c), letter->n_fds * sizeof(int));
}

static struct letter receive(int fd)
{
	struct letter letter = { .from = { .pid = -1 } };
	union {
		struct cmsghdr align;
		char space[256];
	} control;
	struct iovec vector = { letter.text, sizeof(letter.text) - 1 };
	struct msghdr header = { .msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };

	letter.size = recvmsg(fd, &header, MSG_DONTWAIT);
	for (struct cmsghdr *c = letter.size < 0 ? NULL : CMSG_FIRSTHDR(&header); c;
	     c = CMSG_NXTHDR(&header, c))
		take(c, &letter);
	return letter;
}

static struct letter expect(int fd, const char *text, size_t n_fds)
{
	struct letter letter = receive(fd);

	if (letter.size != (ssize_t)strlen(text) || strcmp(letter.text, text) != 0 ||
	    letter.n_fds != n_fds)
		subject_fail("received %zd bytes \"%s\" with %zu descriptors, expected \"%s\" "
			     "with %zu",
			     letter.size, letter.text, letter.n_fds, text, n_fds);
	return letter;
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	int value = 0;
	socklen_t size = sizeof(value);

	view_fd(view, "stream", s->stream[0]);
	view_fd(view, "shared", s->shared);
	view_fd(view, "reader", s->pipe_reader);
	MUST(getsockopt(s->creds[0], SOL_SOCKET, SO_PASSCRED, &value, &size) == 0);
	view_num(view, "passcred", value);
	view_num(view, "offset", lseek(s->shared, 0, SEEK_CUR));
}

static void use_stream(const struct state *s)
{
	struct letter letter;
	char buffer[16];

	letter = expect(s->stream[0], "plain with", 2);
	/* The same open file description as that which stayed here. */
	MUST(lseek(letter.fds[0], 2, SEEK_SET) == 2 && lseek(s->shared, 0, SEEK_CUR) == 2);
	MUST(write(letter.fds[1], "through the pipe", 16) == 16);
	MUST(read(s->pipe_reader, buffer, sizeof(buffer)) == 16 && !memcmp(buffer, "through", 7));
	MUST(close(letter.fds[1]) == 0);
	MUST(read(s->pipe_reader, buffer, sizeof(buffer)) == 0);
	letter = expect(s->stream[0], "more", 1);
	MUST(read(letter.fds[0], buffer, 8) == 8 && buffer[0] == 7);
	expect(s->stream[0], "rest", 0);
}

static void use_messages(const struct state *s)
{
	struct letter letter = expect(s->datagram[0], "one", 1), inner;
	int pair[2];

	MUST(pread(letter.fds[0], letter.text, 4, 0) == 4 && !memcmp(letter.text, "gone", 4));
	expect(s->datagram[0], "", 1);
	expect(s->datagram[0], "two", 0);
	letter = expect(s->packet[1], "packet", 1);
	MUST(fcntl(letter.fds[0], F_GETFL) & O_NONBLOCK);
	/* Both ends were nowhere but in here, and had a letter of their own in them. */
	letter = expect(s->nested[0], "nest", 2);
	inner = expect(letter.fds[0], "egg", 1);
	send_with(letter.fds[0], "hatched", NULL, 0);
	expect(letter.fds[1], "hatched", 0);
	MUST(fcntl(inner.fds[0], F_GETFD) == 0);
	letter = expect(s->self[0], "myself", 1);
	send_with(letter.fds[0], "again", NULL, 0);
	expect(s->self[1], "again", 0);
	expect(s->named[0], "to a name", 1);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
}

static void use_credentials(const struct state *s)
{
	const char *texts[] = { "whoam", "I" };

	for (size_t i = 0; i < 2; i++) {
		struct letter letter = expect(s->creds[0], texts[i], i == 0);

		if (letter.from.pid != getpid() || letter.from.uid != getuid() ||
		    letter.from.gid != getgid())
			subject_fail("credentials of %d (I am %d), user %u group %u",
				     letter.from.pid, getpid(), letter.from.uid, letter.from.gid);
	}
}

static void use(void *state)
{
	use_stream(state);
	use_messages(state);
	use_credentials(state);
}

static int gone_file(void)
{
	int fd = open("gone", O_RDWR | O_CREAT, 0600);

	MUST(fd >= 0 && write(fd, "gone", 4) == 4 && unlink("gone") == 0);
	return fd;
}

static void make_stream(struct state *s)
{
	int pipe_ends[2], event = eventfd(7, 0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s->stream) == 0 && pipe(pipe_ends) == 0);
	s->shared = open("shared", O_RDWR | O_CREAT, 0600);
	MUST(s->shared >= 0 && write(s->shared, "abcdef", 6) == 6 && event >= 0);
	s->pipe_reader = pipe_ends[0];
	send_with(s->stream[1], "plain ", NULL, 0);
	send_with(s->stream[1], "with", (int[]){ s->shared, pipe_ends[1] }, 2);
	send_with(s->stream[1], "more", &event, 1);
	send_with(s->stream[1], "rest", NULL, 0);
	MUST(close(pipe_ends[1]) == 0 && close(event) == 0);
}

static void make_messages(struct state *s)
{
	int inner[2], file = gone_file(), flags;

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s->datagram) == 0);
	send_with(s->datagram[1], "one", &file, 1);
	send_with(s->datagram[1], "", &file, 1);
	send_with(s->datagram[1], "two", NULL, 0);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->packet) == 0);
	flags = open("/dev/null", O_RDWR | O_NONBLOCK);
	send_with(s->packet[0], "packet", &flags, 1);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s->nested) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, inner) == 0);
	send_with(inner[1], "egg", &file, 1);
	send_with(s->nested[1], "nest", inner, 2);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s->self) == 0);
	send_with(s->self[1], "myself", &s->self[0], 1);
	MUST(close(inner[0]) == 0 && close(inner[1]) == 0 && close(file) == 0 && close(flags) == 0);
}

static void make_named(struct state *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "named" };
	const int on = 1;

	s->named[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
	s->named[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(bind(s->named[0], (struct sockaddr *)&address, sizeof(address)) == 0);
	MUST(connect(s->named[1], (struct sockaddr *)&address, sizeof(address)) == 0);
	send_with(s->named[1], "to a name", &s->named[1], 1);
	MUST(close(s->named[1]) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s->creds) == 0);
	MUST(setsockopt(s->creds[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	send_with(s->creds[1], "who", NULL, 0);
	send_with(s->creds[1], "am", &s->shared, 1);
	send_with(s->creds[1], "I", NULL, 0);
}

int main(void)
{
	struct state s = { .shared = -1 };

	make_stream(&s);
	make_messages(&s);
	make_named(&s);
	return subject_use(look, use, &s);
}
