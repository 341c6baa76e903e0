/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets whose ends do not agree: datagrams that go one way, several senders to one, an automatic name; and rarer options.
 * Objects: unix_socket, unix_end
 */
#include "tests/subject/file_view.h"

#include <linux/filter.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef SO_INQ
#define SO_INQ 84
#endif

struct state {
	int sink, senders[2], sink_of_chain; /* senders -> sink -> sink_of_chain */
	int left, right;		     /* a pair whose right one has turned away */
	int turned, elsewhere;		     /* one that has turned to another */
	int automatic;
	int rare;
};

static int named(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(address.sun_path, path);
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static void lead(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = path ? AF_UNIX : AF_UNSPEC };

	if (path)
		strcpy(address.sun_path, path);
	MUST(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
}

static void say(int fd, const char *text)
{
	MUST(send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)strlen(text));
}

static void expect(int fd, const char *text)
{
	char buffer[64] = "";
	ssize_t n = recv(fd, buffer, sizeof(buffer) - 1, MSG_DONTWAIT);

	if (n != (ssize_t)strlen(text) || strcmp(buffer, text) != 0)
		subject_fail("received %zd bytes \"%s\", expected \"%s\"", n, buffer, text);
}

static void view_option(struct view *view, const char *name, int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0)
		value = -1;
	view_num(view, name, value);
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct sockaddr_un address;
	struct sock_filter filter[4];
	socklen_t size = sizeof(address);

	MUST(getsockname(s->automatic, (struct sockaddr *)&address, &size) == 0);
	view_bytes(view, "automatic", address.sun_path,
		   size - offsetof(struct sockaddr_un, sun_path));
	view_option(view, "SO_PASSPIDFD", s->rare, SO_PASSPIDFD);
	view_option(view, "SO_PASSRIGHTS", s->rare, SO_PASSRIGHTS);
	view_option(view, "SO_INQ", s->rare, SO_INQ);
	view_option(view, "SO_MARK", s->rare, SO_MARK);
	size = sizeof(filter) / sizeof(*filter);
	MUST(getsockopt(s->rare, SOL_SOCKET, SO_GET_FILTER, filter, &size) == 0);
	view_num(view, "filter.length", size);
	view_hash(view, "filter", filter, size * sizeof(*filter));
}

static void use(void *state)
{
	const struct state *s = state;

	expect(s->sink, "early");
	expect(s->sink, "one");
	expect(s->sink, "two");
	MUST(send(s->senders[0], "late", 4, MSG_DONTWAIT) < 0 && errno == EPERM);
	say(s->sink, "on");
	expect(s->sink_of_chain, "on");
	expect(s->right, "to the right");
	say(s->left, "again");
	expect(s->right, "again");
	MUST(send(s->right, "x", 1, 0) < 0 && errno == ENOTCONN);
	say(s->turned, "hello");
	expect(s->elsewhere, "hello");
}

static void make_chain(struct state *s)
{
	int passer = socket(AF_UNIX, SOCK_DGRAM, 0);

	s->sink = named("sink");
	s->sink_of_chain = named("chain");
	lead(passer, "sink");
	say(passer, "early");
	MUST(close(passer) == 0);
	for (int i = 0; i < 2; i++) {
		s->senders[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		lead(s->senders[i], "sink");
		say(s->senders[i], i ? "two" : "one");
	}
	lead(s->sink, "chain");
}

static void make_pairs(struct state *s)
{
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	s->left = pair[0];
	s->right = pair[1];
	lead(s->right, NULL);
	say(s->left, "to the right");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	s->elsewhere = named("elsewhere");
	s->turned = pair[0];
	lead(s->turned, "elsewhere");
}

static void make_rare(struct state *s)
{
	struct sock_filter accept[] = { { BPF_RET | BPF_K, 0, 0, 0xffff } };
	const struct sock_fprog program = { 1, accept };
	const sa_family_t family = AF_UNIX;
	const int on = 1, off = 0;

	s->automatic = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(bind(s->automatic, (const struct sockaddr *)&family, sizeof(family)) == 0);
	s->rare = socket(AF_UNIX, SOCK_DGRAM, 0);
	MUST(setsockopt(s->rare, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
	/* Older kernels know none of these. */
	setsockopt(s->rare, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on));
	setsockopt(s->rare, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
	setsockopt(s->rare, SOL_SOCKET, SO_INQ, &on, sizeof(on));
}

int main(void)
{
	struct state s = { .rare = -1 };

	make_chain(&s);
	make_pairs(&s);
	make_rare(&s);
	return subject_use(look, use, &s);
}
