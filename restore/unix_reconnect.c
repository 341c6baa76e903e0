/* SPDX-License-Identifier: MIT */
/* Addresses of unix sockets of others, and connecting to them again. */
#include "format/cleanup.h"
#include "format/err.h"
#include "restore/unix_names.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/param.h>

socklen_t unix_path_address(const char *path, struct sockaddr_un *ret)
{
	size_t size = MIN(strlen(path) + 1, sizeof(ret->sun_path));

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, size);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

socklen_t unix_abstract_address(const struct bytes *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path + 1, name->data, name->size);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + name->size);
}

/*
 * A datagram socket that connects disturbs nobody: unix_find_other() of net/unix/af_unix.c says EPROTOTYPE for other
 * types. Abstract names are those of one type each, so there the only way is to try to have it.
 */
int unix_address_taken(enum unix_type type, const struct sockaddr_un *address, socklen_t length)
{
	const bool abstract = !address->sun_path[0];
	_cleanup_close_ int fd =
		socket(AF_UNIX, (abstract ? (int)type : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (abstract && bind(fd, (const struct sockaddr *)address, length) == 0)
		return 0;
	if (abstract)
		return errno == EADDRINUSE ? 1 : -1;
	if (connect(fd, (const struct sockaddr *)address, length) == 0 || errno == EPROTOTYPE ||
	    errno == EPERM)
		return 1;
	return errno == ECONNREFUSED ? 0 : -1;
}

static socklen_t outside_address(const struct restore *restore, const struct unix_outside *outside,
				 struct sockaddr_un *ret_address)
{
	char buffer[PATH_MAX];

	if (!outside->path)
		return unix_abstract_address(&outside->abstract, ret_address);
	return unix_path_address(restore_path(restore, outside->path, buffer, sizeof(buffer)),
				 ret_address);
}

void unix_reconnect_check(struct restore *restore, const struct unix_socket *socket)
{
	const struct unix_outside *outside = socket->outside;
	struct sockaddr_un address;
	socklen_t length = outside_address(restore, outside, &address);
	int taken = unix_address_taken(socket->type, &address, length);
	char title[256];

	unix_title(socket, title, sizeof(title));
	if (socket->bytes || socket->n_messages)
		problems_add(&restore->problems, VERDICT_LOST, title,
			     "%u bytes that waited in it to be received: it gets a new connection",
			     socket->bytes);
	if (taken > 0)
		return;
	problems_add(&restore->problems, VERDICT_BLOCKING, title,
		     "it cannot be connected to %s%.*s again: nobody listens there",
		     outside->path ? "" : "@",
		     outside->path ? PATH_MAX : (int)outside->abstract.size,
		     outside->path ? outside->path : (const char *)outside->abstract.data);
	problems_remedy(&restore->problems,
			"start what listens there, --map-path OLD=NEW says where it is now, or "
			"--external with eof or reset instead");
}

int unix_reconnect(const struct restore *restore, const struct unix_socket *socket, int fd,
		   struct err *err)
{
	struct sockaddr_un address;
	socklen_t length = outside_address(restore, socket->outside, &address);

	if (connect(fd, (struct sockaddr *)&address, length) < 0)
		return err_sys(err, "connect to %s%.107s again", address.sun_path[0] ? "" : "@",
			       address.sun_path + !address.sun_path[0]);
	return 0;
}
