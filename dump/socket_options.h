/* SPDX-License-Identifier: MIT */
/* Options that sockets of every family have. */
#ifndef PIMAGE_DUMP_SOCKET_OPTIONS_H
#define PIMAGE_DUMP_SOCKET_OPTIONS_H

#include "format/socket_options.h"

struct err;

/* Reads them from a duplicate of the socket. */
int dump_socket_options(int fd, struct socket_options *ret_options, struct err *err);

#endif
