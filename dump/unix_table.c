/* SPDX-License-Identifier: MIT */
#include "dump/unix_table.h"

#include "dump/file_table.h"
#include "dump/flights.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

void unix_table_free(struct unix_table *table)
{
	if (!table)
		return;
	diag_unix_done(&table->all);
	free(table->held);
	free(table);
}

struct held_unix *unix_held(const struct unix_table *table, uint32_t ino)
{
	for (size_t i = 0; ino && i < table->n_held; i++)
		if (table->held[i].ino == ino)
			return &table->held[i];
	return NULL;
}

static int hold(struct unix_table *table, const struct target *target, uint32_t fd, struct err *err)
{
	_cleanup_free_ char *link = NULL;
	struct held_unix *held;
	unsigned ino;
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd);
	/* What a running process closed meanwhile is none of its sockets. */
	if (read_link_at(target->proc, name, &link, NULL) < 0 ||
	    sscanf(link, "socket:[%u]", &ino) != 1 || unix_held(table, ino) ||
	    !diag_unix_find(&table->all, ino))
		return 0;
	held = LIST_ADD(table, held, err);
	if (!held)
		return -1;
	held->ino = ino;
	return 0;
}

static int hold_descriptor(struct dump *dump, struct target *target, uint32_t fd, struct err *err)
{
	return hold(dump->files->unix_table, target, fd, err);
}

static int survey(struct dump *dump, struct unix_table *table, struct err *err)
{
	if (diag_unix_read(&table->all, err) < 0)
		return -1;
	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		_cleanup_free_ uint32_t *numbers = NULL;
		size_t count;

		if (list_numbers_at(target->proc, "fd", &numbers, &count, err) < 0)
			return -1;
		for (size_t k = 0; k < count; k++)
			if (hold(table, target, numbers[k], err) < 0)
				return -1;
	}
	return flights_each(dump, hold_descriptor, err);
}

int unix_survey(struct dump *dump, struct err *err)
{
	struct dump_files *files = dump_files(dump, err);
	struct err why = { 0 };

	if (!files || files->unix_table)
		return files ? 0 : -1;
	files->unix_table = calloc(1, sizeof(*files->unix_table));
	if (!files->unix_table)
		return err_sys(err, "out of memory");
	if (survey(dump, files->unix_table, &why) < 0)
		snprintf(files->unix_table->why, sizeof(files->unix_table->why),
			 "the kernel does not tell how the unix socket is connected: %.150s",
			 why.msg);
	return 0;
}

struct unix_table *unix_table(const struct dump *dump)
{
	return dump->files->unix_table;
}

bool unix_is_one(const struct dump_fd *fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return S_ISSOCK(fd->stat.st_mode) && fd->copy >= 0 && !(fd->info.flags & O_PATH) &&
	       getsockopt(fd->copy, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       domain == AF_UNIX;
}

const struct diag_unix *unix_listener(const struct unix_table *table, uint32_t ino)
{
	for (size_t i = 0; i < table->all.n_sockets; i++) {
		const struct diag_unix *listener = &table->all.sockets[i];

		for (size_t k = 0; k < listener->n_waiting; k++)
			if (listener->waiting[k] == ino)
				return listener;
	}
	return NULL;
}

static enum unix_place say(const char **ret_why, enum unix_place place, const char *why)
{
	*ret_why = why;
	return place;
}

/* The peer is closed, or is one that no process has accepted yet. */
static enum unix_place place_unknown(const struct unix_table *table, const struct diag_unix *socket,
				     const char **ret_why)
{
	const struct diag_unix *listener = unix_listener(table, socket->ino);

	if (listener)
		return unix_held(table, listener->ino)
			       ? UNIX_INSIDE
			       : say(ret_why, UNIX_OUTSIDE,
				     "the unix socket waits to be accepted by none of the dumped "
				     "processes");
	if (socket->type == SOCK_DGRAM || socket->shutdown == 3)
		return UNIX_INSIDE;
	return say(ret_why, UNIX_OUTSIDE,
		   "the kernel does not tell what the unix socket is connected to");
}

static enum unix_place place_of(const struct unix_table *table, const struct diag_unix *socket,
				unsigned depth, const char **ret_why)
{
	const struct diag_unix *peer;

	if (!socket->has_peer || socket->state == TCP_LISTEN)
		return UNIX_INSIDE;
	if (!socket->peer)
		return place_unknown(table, socket, ret_why);
	peer = diag_unix_find(&table->all, socket->peer);
	if (!peer || !unix_held(table, socket->peer))
		return depth ? UNIX_INSIDE
			     : say(ret_why, UNIX_OUTSIDE,
				   "the other end of the unix socket is in none of the dumped "
				   "processes");
	if (peer->peer == socket->ino)
		return UNIX_INSIDE;
	if (socket->type != SOCK_DGRAM || depth > 32)
		return say(ret_why, UNIX_UNSUPPORTED,
			   "the unix socket is part of a chain of connected ones that is not "
			   "supported");
	return place_of(table, peer, depth + 1, ret_why);
}

enum unix_place unix_place(const struct dump *dump, const struct dump_fd *fd, const char **ret_why)
{
	const struct unix_table *table = unix_table(dump);
	const struct diag_unix *socket;

	if (!table)
		return say(ret_why, UNIX_UNSUPPORTED, "the unix socket was opened just now");
	if (table->why[0])
		return say(ret_why, UNIX_UNSUPPORTED, table->why);
	socket = diag_unix_find(&table->all, fd->stat.st_ino);
	if (!socket || !unix_held(table, socket->ino))
		return say(ret_why, UNIX_UNSUPPORTED,
			   "the unix socket belongs to another network namespace");
	if (socket->name_size == 1)
		return say(ret_why, UNIX_UNSUPPORTED,
			   "the unix socket is bound to an empty abstract name: not supported");
	return place_of(table, socket, 0, ret_why);
}

uint32_t unix_peer(const struct dump *dump, const struct dump_fd *fd)
{
	const struct unix_table *table = unix_table(dump);
	const struct diag_unix *socket =
		table ? diag_unix_find(&table->all, fd->stat.st_ino) : NULL;

	return socket ? socket->peer : 0;
}
