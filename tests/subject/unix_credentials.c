/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of unix sockets between parent and child: SO_PEERCRED.
 * Objects: unix_socket
 */
#include "tests/subject/file_view.h"
#include "tests/subject/tree.h"

#include <sys/socket.h>
#include <sys/un.h>

#define SOCKETS 4

struct state {
	int pair[2], listener, accepted, lonely;
	int waiting; /* of the child: nobody accepts it */
	int client, own_pair[2], passed;
};

static int connected(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	MUST(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static pid_t peer_of(int fd)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	MUST(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
	MUST(peer.uid == getuid() && peer.gid == getgid());
	return peer.pid;
}

static const char *whose(pid_t pid)
{
	return pid == tree->places[0].pid ? "parent" : pid == tree->places[1].pid ? "child" : "?";
}

/* The child's answer: a digit for each of its sockets. */
static long answer(const struct state *s)
{
	const int fds[SOCKETS] = { s->pair[1], s->client, s->waiting, s->own_pair[0] };
	long number = 0;

	for (size_t i = 0; i < SOCKETS; i++) {
		const char *who = whose(peer_of(fds[i]));

		number = 10 * number + (*who == 'p' ? 1 : *who == 'c' ? 2 : 3);
	}
	return number;
}

__attribute__((noreturn)) static void serve(const struct state *s, struct tree_place *place)
{
	char byte;

	tree_fill(place);
	place->done = 1;
	while (tree_asked(place)) {
		tree_fill(place);
		place->number = answer(s);
		place->done = place->wish;
	}
	/* What was sent to it before and after. */
	MUST(read(s->pair[1], &byte, 1) == 1 && byte == 'b');
	MUST(read(s->pair[1], &byte, 1) == 1 && byte == 'a');
	MUST(write(s->client, "c", 1) == 1);
	_exit(0);
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;

	tree_fill(&tree->places[0]);
	tree_ask(&tree->places[1]);
	view_num(view, "child", tree->places[1].number);
	view_str(view, "pair", whose(peer_of(s->pair[0])));
	view_str(view, "accepted", whose(peer_of(s->accepted)));
	view_str(view, "listener", whose(peer_of(s->listener)));
	view_str(view, "lonely", whose(peer_of(s->lonely)));
	view_fd(view, "pair.fd", s->pair[0]);
	view_fd(view, "accepted.fd", s->accepted);
}

static void use(void *state)
{
	const struct state *s = state;
	char byte;
	int late = connected("listener"), fd;

	MUST(peer_of(late) == getpid());
	MUST(write(s->pair[0], "a", 1) == 1);
	tree_end();
	MUST(read(s->accepted, &byte, 1) == 1 && byte == 'c');
	MUST(read(s->accepted, &byte, 1) == 0);
	/* First that which waited, and then the late one. */
	fd = accept(s->listener, NULL, NULL);
	MUST(fd >= 0 && read(fd, &byte, 1) == 0);
	fd = accept(s->listener, NULL, NULL);
	MUST(fd >= 0 && peer_of(fd) == getpid());
	MUST(wait(NULL) > 0);
}

static void begin(struct state *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "listener" };
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s->pair) == 0);
	MUST(write(s->pair[0], "b", 1) == 1);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0 && close(ends[1]) == 0);
	s->lonely = ends[0];
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(bind(s->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	MUST(listen(s->listener, 5) == 0);
}

static void fork_child(struct state *s)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid > 0)
		return;
	MUST(close(s->listener) == 0 && close(s->lonely) == 0);
	s->client = connected("listener");
	s->waiting = connected("listener");
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s->own_pair) == 0);
	serve(s, tree_enter("child"));
}

int main(void)
{
	struct state s = { .listener = -1 };

	tree_start();
	tree_fill(tree_enter("parent"));
	begin(&s);
	fork_child(&s);
	s.accepted = accept4(s.listener, NULL, NULL, SOCK_NONBLOCK);
	MUST(s.accepted >= 0 && fcntl(s.accepted, F_SETFL, 0) == 0);
	while (!tree_find("child") || !tree_find("child")->done)
		usleep(500);
	return subject_use(look, use, &s);
}
