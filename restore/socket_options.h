/* SPDX-License-Identifier: MIT */
/* Options that sockets of every family have. */
#ifndef PIMAGE_RESTORE_SOCKET_OPTIONS_H
#define PIMAGE_RESTORE_SOCKET_OPTIONS_H

#include "format/socket_options.h"
#include "restore/restore.h"

/* Sets them all; adds a problem of `object` for buffers that are larger than this user may have. */
int restore_socket_options(struct restore *restore, const char *object, int fd,
			   const struct socket_options *options, struct err *err);

/* As much room for sending as this user may have. */
void restore_socket_room(int fd);

#endif
