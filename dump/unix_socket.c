/* SPDX-License-Identifier: MIT */
/* Unix sockets: names, connections, and connections that wait to be accepted. */
#include "format/unix_socket.h"

#include "dump/external.h"
#include "dump/file_table.h"
#include "dump/flights.h"
#include "dump/socket_options.h"
#include "dump/unix_peek.h"
#include "dump/unix_table.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The number of a socket that a target holds; where it is new, what is in it is filled in when its descriptor comes. */
static int number_of(struct dump *dump, struct held_unix *held, uint32_t *ret_id, struct err *err)
{
	if (!held->id) {
		struct unix_socket *record = DUMP_NEW(dump, unix_socket, &held->id, err);

		if (!record)
			return -1;
		record->id = held->id;
	}
	*ret_id = held->id;
	return 0;
}

/* Whether the path, from that directory of the target's, leads to the socket. */
static bool leads_to(int directory, const char *path, const struct diag_unix *socket,
		     struct stat *ret_stat)
{
	return directory >= 0 && fstatat(directory, path, ret_stat, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISSOCK(ret_stat->st_mode) && (uint32_t)ret_stat->st_ino == socket->file_ino;
}

/*
 * Accepted sockets have the name and the file of the one that listens. Where that is closed, the oldest
 * stands for it.
 */
static bool owns_file(const struct unix_table *table, const struct diag_unix *socket)
{
	for (size_t i = 0; i < table->all.n_sockets; i++) {
		const struct diag_unix *other = &table->all.sockets[i];

		if (!other->has_file || other->file_ino != socket->file_ino ||
		    other->file_dev != socket->file_dev || other == socket)
			continue;
		if (socket->state != TCP_LISTEN &&
		    (other->state == TCP_LISTEN || other->ino < socket->ino))
			return false;
	}
	return socket->has_file;
}

static int collect_file(const struct dump_fd *fd, const struct diag_unix *socket,
			struct unix_socket *record, struct err *err)
{
	const bool absolute = record->path[0] == '/';
	_cleanup_close_ int from = openat(fd->target->proc, absolute ? "root" : "cwd",
					  O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *directory = NULL;
	struct stat st;

	if (!leads_to(from, record->path + strspn(record->path, "/"), socket, &st))
		return 0;
	/* A relative name is of the directory of that time: most likely this one. */
	if (!absolute && read_link_at(fd->target->proc, "cwd", &directory, err) < 0)
		return -1;
	record->file = calloc(1, sizeof(*record->file));
	if (!record->file)
		return err_sys(err, "out of memory");
	*record->file = (struct unix_file){ .directory = TAKE_PTR(directory),
					    .mode = st.st_mode & 07777,
					    .uid = st.st_uid,
					    .gid = st.st_gid };
	return 0;
}

static int collect_name(const struct dump *dump, const struct dump_fd *fd,
			const struct diag_unix *socket, struct unix_socket *record, struct err *err)
{
	if (!socket->name_size)
		return 0;
	if (socket->name[0]) {
		record->path = strndup(socket->name, socket->name_size);
		if (!record->path)
			return err_sys(err, "out of memory");
		return owns_file(unix_table(dump), socket) ? collect_file(fd, socket, record, err)
							   : 0;
	}
	record->abstract.size = socket->name_size - 1;
	record->abstract.data = malloc(record->abstract.size);
	if (!record->abstract.data)
		return err_sys(err, "out of memory");
	memcpy(record->abstract.data, socket->name + 1, record->abstract.size);
	return 0;
}

static int collect_waiting(struct dump *dump, const struct dump_fd *fd,
			   const struct diag_unix *socket, struct unix_socket *record,
			   struct err *err)
{
	const struct unix_table *table = unix_table(dump);
	const bool accepted = external_accepted(dump, fd->link);
	size_t lost = 0;

	for (size_t i = 0; i < socket->n_waiting; i++) {
		struct held_unix *held = unix_held(table, socket->waiting[i]);
		uint32_t *id;

		lost += !held;
		if (!held)
			continue;
		id = LIST_ADD(record, waiting, err);
		if (!id || number_of(dump, held, id, err) < 0)
			return -1;
	}
	if (lost)
		dump_fd_problem(
			dump, fd, accepted ? VERDICT_LOST : VERDICT_BLOCKING,
			"wait until the program has accepted them, or leave them out with "
			"pdump --external=ask",
			"%zu connections wait to be accepted that come from outside, or were "
			"closed again",
			lost);
	if (lost && !accepted)
		problems_pass(&dump->problems);
	return 0;
}

static void check_waits(struct dump *dump, const struct dump_fd *fd)
{
	int bytes = 0;

	if (ioctl(fd->copy, SIOCOUTQ, &bytes) < 0 || bytes <= 0)
		return;
	dump_fd_problem(dump, fd, VERDICT_BLOCKING,
			"wait until the listening program has accepted the connection",
			"data was sent to a unix socket that nobody has accepted yet: nobody can "
			"look at it");
	problems_pass(&dump->problems);
}

/* A relative name is of the directory that the process was in when it connected: most likely this one. */
static int make_absolute(const struct dump_fd *fd, uint32_t file_ino, char **path, struct err *err)
{
	_cleanup_close_ int from =
		openat(fd->target->proc, "cwd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct diag_unix socket = { .file_ino = file_ino };
	_cleanup_free_ char *directory = NULL;
	struct stat st;
	char *absolute;

	if (**path == '/' || !leads_to(from, *path, &socket, &st))
		return 0;
	if (read_link_at(fd->target->proc, "cwd", &directory, err) < 0)
		return -1;
	if (asprintf(&absolute, "%s/%s", directory, *path) < 0)
		return err_sys(err, "out of memory");
	free(*path);
	*path = absolute;
	return 0;
}

static int collect_outside(const struct unix_table *table, const struct dump_fd *fd,
			   const struct diag_unix *socket, struct unix_socket *record,
			   struct err *err)
{
	const struct diag_unix *listener = unix_listener(table, socket->ino);
	const struct diag_unix *peer =
		listener ? listener : diag_unix_find(&table->all, socket->peer);
	struct sockaddr_un address;
	socklen_t length = sizeof(address);

	record->outside = calloc(1, sizeof(*record->outside));
	if (!record->outside)
		return err_sys(err, "out of memory");
	record->outside->unaccepted = listener != NULL;
	if (getpeername(fd->copy, (struct sockaddr *)&address, &length) < 0)
		return 0;
	if (unix_address(&address, length, &record->outside->path, &record->outside->abstract,
			 err) < 0)
		return -1;
	return record->outside->path && peer
		       ? make_absolute(fd, peer->file_ino, &record->outside->path, err)
		       : 0;
}

static int collect_connection(struct dump *dump, const struct dump_fd *fd,
			      const struct diag_unix *socket, struct unix_socket *record,
			      struct err *err)
{
	const struct unix_table *table = unix_table(dump);
	struct pollfd poller = { .fd = fd->copy };
	const char *why;

	record->shutdown = socket->shutdown;
	if (socket->state == TCP_LISTEN) {
		record->listening = true;
		record->backlog = socket->backlog;
		return collect_waiting(dump, fd, socket, record, err);
	}
	if (!socket->has_peer)
		return 0;
	if (unix_held(table, socket->peer))
		return number_of(dump, unix_held(table, socket->peer), &record->peer, err);
	if (unix_place(dump, fd, &why) == UNIX_OUTSIDE)
		return collect_outside(table, fd, socket, record, err);
	if (unix_listener(table, socket->ino)) {
		check_waits(dump, fd);
		return 0;
	}
	record->peer_gone = true;
	record->reset = socket->type != SOCK_DGRAM && poll(&poller, 1, 0) == 1 &&
			(poller.revents & POLLERR);
	return 0;
}

/* Those of clients that are not accepted yet: nobody can look at them. */
static void check_rights(struct dump *dump, const struct dump_fd *fd)
{
	uint64_t n;

	if (proc_fdinfo_number(fd->info_text, "scm_fds", 10, &n) < 0 || !n)
		return;
	if (!dump->settings.frozen)
		dump_fd_problem(dump, fd, VERDICT_NOTE, NULL,
				"%lu descriptors wait in it (SCM_RIGHTS), which are looked at only "
				"when everything stands still",
				n);
	if (!dump->settings.frozen || flights_queue(dump, (uint32_t)fd->stat.st_ino))
		return;
	dump_fd_problem(dump, fd, VERDICT_BLOCKING, "wait until the program has received them",
			"%lu descriptors that were sent through the unix socket (SCM_RIGHTS) are "
			"not received yet, and cannot be looked at",
			n);
	problems_pass(&dump->problems);
}

int dump_unix(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id, struct err *err)
{
	const struct unix_table *table = unix_table(dump);
	const struct diag_unix *socket = diag_unix_find(&table->all, fd->stat.st_ino);
	struct unix_socket *record;

	if (number_of(dump, unix_held(table, socket->ino), ret_id, err) < 0)
		return -1;
	record = IMAGE_GET(&dump->image, unix_socket, *ret_id, 0);
	record->type = socket->type;
	if (collect_name(dump, fd, socket, record, err) < 0 ||
	    collect_connection(dump, fd, socket, record, err) < 0 ||
	    unix_peer_credentials(dump, fd->copy, &record->peer_credentials, err) < 0 ||
	    dump_socket_options(fd->copy, &record->options, err) < 0)
		return -1;
	check_rights(dump, fd);
	return record->listening || !dump->settings.frozen ? 0 : unix_queue(dump, fd, record, err);
}

/* When every process has named what it has: what nobody has but a queue comes last. */
static int collect(struct dump *dump, struct target *target, struct err *err)
{
	return target == &dump->targets[0] ? flights_collect(dump, err) : 0;
}

const struct dumper unix_socket_dumper = { .collect = collect };
