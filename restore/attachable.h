/* SPDX-License-Identifier: MIT */
/* Where jobs with a terminal of their own are found: a directory of the user with one socket for each, "PID" or "PID.NAME". */
#ifndef PIMAGE_RESTORE_ATTACHABLE_H
#define PIMAGE_RESTORE_ATTACHABLE_H

#include "restore/relay.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

struct err;

/* "4242" or "4242.build"; false when it is neither. name gets "" for the first. For tests too. */
bool attachable_parse(const char *file, pid_t *ret_pid, char ret_name[NAME_MAX_ATTACH + 1]);

/* Makes the directory if it is not there; fails if it could not be used. */
int attachable_prepare(struct err *err);

/* Whether a name may be given: letters, digits, "-_+.", at most NAME_MAX_ATTACH; no number, and no living job has it. */
int attachable_check_name(const char *name, struct err *err);

/*
 * Listens under that name (NULL: none). Returns the socket, which does not block, and its address: who has done with it
 * unlinks sun_path.
 */
int attachable_listen(pid_t pid, const char *name, struct sockaddr_un *ret_address,
		      struct err *err);

/*
 * Connects to a job by its name, process id, or a file that holds its id (--pidfile). Returns the socket. The error lists
 * what there is. Sockets that nobody listens at any more are removed in passing.
 */
int attachable_connect(const char *what, struct err *err);

/* Whether the other side of the socket is of this user (or root). */
bool attachable_peer_is_own(int socket);

#endif
