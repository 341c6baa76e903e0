/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets, connected, bound, listening, with messages that wait, half closed.
 * Objects: unix_socket, unix_end
 */
#include "tests/subject/file_view.h"

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PAIR_ENDS 2

struct state {
	int stream[2], datagram[2], packet[2];
	int half[2], orphan, reset;
	int listener, client, accepted, waiting[2];
	int named, sender, abstract, fresh, gone_name;
	int offsets[2];
	char at[32];
};

static socklen_t address_of(const char *path, struct sockaddr_un *ret)
{
	size_t length = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, length);
	if (*path == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*path != '@'));
}

static int new_socket(int type, const char *path, int limit)
{
	int fd = socket(AF_UNIX, type, 0);
	struct sockaddr_un address;
	socklen_t length = address_of(path, &address);

	MUST(fd >= 0);
	if (*path)
		MUST(bind(fd, (struct sockaddr *)&address, length) == 0);
	if (limit)
		MUST(listen(fd, limit) == 0);
	return fd;
}

static int connected(int type, const char *path)
{
	int fd = socket(AF_UNIX, type, 0);
	struct sockaddr_un address;
	socklen_t length = address_of(path, &address);

	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&address, length) == 0);
	return fd;
}

static void view_name(struct view *view, const char *key, int fd, bool peer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);
	int ret = peer ? getpeername(fd, (struct sockaddr *)&address, &size)
		       : getsockname(fd, (struct sockaddr *)&address, &size);

	if (ret < 0)
		view_num(view, key, errno);
	else
		view_bytes(view, key, address.sun_path,
			   size - offsetof(struct sockaddr_un, sun_path));
}

static void view_options(struct view *view, const char *name, int fd)
{
	static const int options[] = { SO_TYPE,	    SO_SNDBUF,	   SO_RCVBUF,
				       SO_PASSCRED, SO_PEEK_OFF,   SO_RCVLOWAT,
				       SO_PRIORITY, SO_ACCEPTCONN, SO_KEEPALIVE };
	struct timeval time = { 0 };
	struct linger linger = { 0 };
	socklen_t size;
	char key[64];

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		int value = 0;

		size = sizeof(value);
		MUST(getsockopt(fd, SOL_SOCKET, options[i], &value, &size) == 0);
		snprintf(key, sizeof(key), "%s.option%d", name, options[i]);
		view_num(view, key, value);
	}
	size = sizeof(time);
	MUST(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &size) == 0);
	snprintf(key, sizeof(key), "%s.timeout", name);
	view_num(view, key, time.tv_sec * 1000000 + time.tv_usec);
	size = sizeof(linger);
	MUST(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0);
	snprintf(key, sizeof(key), "%s.linger", name);
	view_num(view, key, linger.l_onoff ? linger.l_linger : -1);
}

static void view_socket(struct view *view, const char *name, int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	char key[64];

	view_fd(view, name, fd);
	view_options(view, name, fd);
	snprintf(key, sizeof(key), "%s.name", name);
	view_name(view, key, fd, false);
	snprintf(key, sizeof(key), "%s.peer", name);
	view_name(view, key, fd, true);
	snprintf(key, sizeof(key), "%s.poll", name);
	poll(&poller, 1, 0);
	view_num(view, key, poller.revents);
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct stat st;

	view_socket(view, "stream", s->stream[0]);
	view_socket(view, "stream.other", s->stream[1]);
	view_socket(view, "datagram", s->datagram[0]);
	view_socket(view, "datagram.other", s->datagram[1]);
	view_socket(view, "packet", s->packet[0]);
	view_socket(view, "packet.other", s->packet[1]);
	view_socket(view, "half", s->half[0]);
	view_socket(view, "half.other", s->half[1]);
	view_socket(view, "orphan", s->orphan);
	view_socket(view, "reset", s->reset);
	view_socket(view, "listener", s->listener);
	view_socket(view, "client", s->client);
	view_socket(view, "accepted", s->accepted);
	view_socket(view, "waiting", s->waiting[0]);
	view_socket(view, "waiting.other", s->waiting[1]);
	view_socket(view, "named", s->named);
	view_socket(view, "sender", s->sender);
	view_socket(view, "abstract", s->abstract);
	view_socket(view, "fresh", s->fresh);
	view_socket(view, "gone_name", s->gone_name);
	view_socket(view, "offsets", s->offsets[0]);
	MUST(stat("listener", &st) == 0 && S_ISSOCK(st.st_mode));
	view_hex(view, "listener.mode", st.st_mode);
}

static void expect(int fd, const char *text)
{
	char buffer[4096];
	ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n != (ssize_t)strlen(text) || memcmp(buffer, text, strlen(text)) != 0)
		subject_fail("received %zd bytes, expected \"%s\"", n, text);
}

static void expect_from(int fd, const char *text, const char *from)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);
	char buffer[4096];
	ssize_t n = recvfrom(fd, buffer, sizeof(buffer), MSG_DONTWAIT, (struct sockaddr *)&address,
			     &size);

	MUST(n == (ssize_t)strlen(text) && memcmp(buffer, text, (size_t)n) == 0);
	MUST(size <= offsetof(struct sockaddr_un, sun_path) ? !*from
							    : !strcmp(address.sun_path, from));
}

static void say(int fd, const char *text)
{
	MUST(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void use_pairs(const struct state *s)
{
	char byte;

	expect(s->stream[0], "onetwo");
	expect(s->stream[1], "back");
	say(s->stream[0], "new");
	expect(s->stream[1], "new");
	expect(s->datagram[0], "one");
	expect(s->datagram[0], "");
	expect(s->datagram[0], "three");
	MUST(recv(s->datagram[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	say(s->datagram[0], "there");
	expect(s->datagram[1], "there");
	expect(s->packet[1], "first");
	expect(s->packet[1], "second");
	say(s->packet[0], "third");
	expect(s->packet[1], "third");
	expect(s->half[0], "rest");
	MUST(recv(s->half[0], &byte, 1, 0) == 0);
	say(s->half[0], "still");
	expect(s->half[1], "still");
	MUST(send(s->half[1], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	expect(s->orphan, "testament");
	MUST(recv(s->orphan, &byte, 1, 0) == 0);
	MUST(recv(s->reset, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET);
	MUST(recv(s->offsets[0], &byte, 1, MSG_PEEK) == 1 && byte == 'c');
	expect(s->offsets[0], "abcdef");
}

static void use_servers(const struct state *s)
{
	struct sockaddr_un address;
	socklen_t length;
	int one, two, late;

	expect(s->accepted, "question");
	say(s->accepted, "answer");
	expect(s->client, "answer");
	one = accept(s->listener, NULL, NULL);
	two = accept(s->listener, NULL, NULL);
	MUST(one >= 0 && two >= 0);
	say(s->waiting[0], "I was first");
	expect(one, "I was first");
	say(two, "you were second");
	expect(s->waiting[1], "you were second");
	late = connected(SOCK_STREAM, "listener");
	MUST(accept(s->listener, NULL, NULL) >= 0 && close(late) == 0);
	expect_from(s->named, "from the sender", "sender");
	expect_from(s->named, "from nobody", "");
	say(s->sender, "again");
	expect_from(s->named, "again", "sender");
	late = connected(SOCK_SEQPACKET, s->at);
	one = accept(s->abstract, NULL, NULL);
	MUST(one >= 0);
	say(late, "hello");
	expect(one, "hello");
	length = address_of("named", &address);
	MUST(sendto(s->fresh, "x", 1, 0, (struct sockaddr *)&address, length) == 1);
	expect_from(s->named, "x", "");
}

static void use(void *state)
{
	use_pairs(state);
	use_servers(state);
}

static void make_pairs(struct state *s)
{
	const int offset = 2;
	int pair[PAIR_ENDS];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->stream) == 0);
	say(s->stream[1], "one");
	say(s->stream[1], "two");
	say(s->stream[0], "back");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s->datagram) == 0);
	say(s->datagram[1], "one");
	say(s->datagram[1], "");
	say(s->datagram[1], "three");
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s->packet) == 0);
	say(s->packet[0], "first");
	say(s->packet[0], "second");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s->half) == 0);
	say(s->half[1], "rest");
	MUST(shutdown(s->half[1], SHUT_WR) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	say(pair[1], "testament");
	MUST(close(pair[1]) == 0);
	s->orphan = pair[0];
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	say(pair[0], "unread");
	MUST(close(pair[1]) == 0);
	s->reset = pair[0];
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s->offsets) == 0);
	MUST(setsockopt(s->offsets[0], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) == 0);
	say(s->offsets[1], "abcdef");
}

static void make_servers(struct state *s)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct sockaddr_un address;
	socklen_t length;
	int fd;

	s->listener = new_socket(SOCK_STREAM, "listener", 7);
	MUST(chmod("listener", 0640) == 0);
	s->client = connected(SOCK_STREAM, "listener");
	s->accepted = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	MUST(s->accepted >= 0);
	say(s->client, "question");
	s->waiting[0] = connected(SOCK_STREAM, "listener");
	s->waiting[1] = connected(SOCK_STREAM, "listener");
	s->named = new_socket(SOCK_DGRAM, "named", 0);
	s->sender = new_socket(SOCK_DGRAM, "sender", 0);
	length = address_of("named", &address);
	MUST(connect(s->sender, (struct sockaddr *)&address, length) == 0);
	say(s->sender, "from the sender");
	fd = connected(SOCK_DGRAM, "named");
	say(fd, "from nobody");
	MUST(close(fd) == 0);
	snprintf(s->at, sizeof(s->at), "@pimage-test-%d", getpid());
	s->abstract = new_socket(SOCK_SEQPACKET, s->at, 3);
	s->fresh = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(s->fresh >= 0);
	MUST(getcwd(path, sizeof(path) - 8));
	strcat(path, "/gone");
	s->gone_name = new_socket(SOCK_STREAM, path, 1);
	MUST(unlink(path) == 0);
}

static void set_options(const struct state *s)
{
	const struct timeval time = { 3, 250000 };
	const struct linger linger = { 1, 5 };
	const int size = 30000, low = 3;

	MUST(setsockopt(s->stream[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	MUST(setsockopt(s->stream[1], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0);
	MUST(setsockopt(s->stream[1], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)) == 0);
	MUST(setsockopt(s->packet[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0);
}

int main(void)
{
	struct state s = { .listener = -1 };

	make_pairs(&s);
	make_servers(&s);
	set_options(&s);
	return subject_use(look, use, &s);
}
