/* SPDX-License-Identifier: MIT */
/* The unix sockets of this network namespace, and which of them the targets hold. */
#ifndef PIMAGE_DUMP_UNIX_TABLE_H
#define PIMAGE_DUMP_UNIX_TABLE_H

#include "dump/file.h"
#include "format/unix_socket.h"
#include "kernel/sock_diag.h"

#include <sys/socket.h>

/* A socket that a target holds. */
struct held_unix {
	uint32_t ino;
	uint32_t id; /* 0: not yet in the image */
};

struct unix_table {
	struct diag_unixes all;
	struct held_unix *held;
	size_t n_held;
	char why[256]; /* the kernel tells nothing of sockets; empty: it does */
};

/* NULL: there was no socket when descriptors were surveyed. */
struct unix_table *unix_table(const struct dump *dump);

/* NULL: none of the targets has it. */
struct held_unix *unix_held(const struct unix_table *table, uint32_t ino);

/* The socket that listens and to which this one has connected without being accepted; NULL: none. */
const struct diag_unix *unix_listener(const struct unix_table *table, uint32_t ino);

/* Allocates them, with the process id of the image. */
int unix_credentials(const struct dump *dump, const struct ucred *credentials,
		     struct unix_credentials **ret_credentials, struct err *err);

/* SO_PEERCRED; leaves NULL where there are none. */
int unix_peer_credentials(const struct dump *dump, int fd,
			  struct unix_credentials **ret_credentials, struct err *err);

/*
 * Copies what waits in the socket into the record and a blob, without taking it out.
 * What cannot be copied is a problem.
 */
int unix_queue(struct dump *dump, const struct dump_fd *fd, struct unix_socket *record,
	       struct err *err);

#endif
