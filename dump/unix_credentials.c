/* SPDX-License-Identifier: MIT */
/* Who is at the other end, in terms of the image. */
#include "dump/unix_table.h"
#include "format/err.h"

#include <stdlib.h>

/* Processes that are not dumped have no number in the image. */
static uint32_t pid_of(const struct dump *dump, pid_t pid)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].pid == pid)
			return dump->targets[i].own_pid;
	return 0;
}

int unix_credentials(const struct dump *dump, const struct ucred *credentials,
		     struct unix_credentials **ret_credentials, struct err *err)
{
	struct unix_credentials *c = calloc(1, sizeof(*c));

	if (!c)
		return err_sys(err, "out of memory");
	*c = (struct unix_credentials){ pid_of(dump, credentials->pid), credentials->uid,
					credentials->gid };
	*ret_credentials = c;
	return 0;
}

int unix_peer_credentials(const struct dump *dump, int fd,
			  struct unix_credentials **ret_credentials, struct err *err)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return err_sys(err, "getsockopt SO_PEERCRED");
	/* Of a socket that was never connected all is -1, but the process id 0. */
	if (credentials.uid == (uid_t)-1)
		return 0;
	return unix_credentials(dump, &credentials, ret_credentials, err);
}
