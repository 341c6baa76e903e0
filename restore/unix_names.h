/* SPDX-License-Identifier: MIT */
/* Names of unix sockets: whether they are free, binding to them, and undoing that. */
#ifndef PIMAGE_RESTORE_UNIX_NAMES_H
#define PIMAGE_RESTORE_UNIX_NAMES_H

#include "format/unix_socket.h"
#include "restore/restore.h"

#include <sys/socket.h>
#include <sys/un.h>

struct unix_names;

/* "unix socket 3 /run/x", for problems. */
void unix_title(const struct unix_socket *socket, char *ret_title, size_t size);

/* Whether others may find it by its name, so that it must have just that one. */
bool unix_name_is_reached(const struct unix_socket *socket);

/* Adds a problem when the name cannot be had. */
void unix_name_check(struct restore *restore, const struct unix_socket *socket);

/*
 * Binds fd. A dead socket's file at its path is set aside. *ret_inode becomes a descriptor (O_PATH) of the
 * file, for connecting to it also when it has no name any more; -1: abstract. A name that nothing but the socket's own
 * getsockname(2) needs is given up with a problem when it is taken; then nothing is bound.
 */
int unix_name_bind(struct restore *restore, const struct unix_socket *socket, int fd,
		   int *ret_inode, struct err *err);

/* The address by which to reach a bound socket; returns its length. */
socklen_t unix_name_address(const struct unix_socket *socket, int inode,
			    struct sockaddr_un *ret_address);

/* A problem where nobody listens at the address of a socket that is to be connected again; and connecting it. */
void unix_reconnect_check(struct restore *restore, const struct unix_socket *socket);
int unix_reconnect(const struct restore *restore, const struct unix_socket *socket, int fd,
		   struct err *err);

/*
 * Whether somebody has the address: 1, 0; <0 with errno when that cannot be found out. Nobody is
 * disturbed.
 */
int unix_address_taken(enum unix_type type, const struct sockaddr_un *address, socklen_t length);
socklen_t unix_path_address(const char *path, struct sockaddr_un *ret_address);
socklen_t unix_abstract_address(const struct bytes *name, struct sockaddr_un *ret_address);

/* At commit, files set aside go for good; before it, everything can be put back as it was. */
void unix_names_commit(struct restore *restore);
void unix_names_undo(struct restore *restore);

#endif
