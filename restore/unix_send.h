/* SPDX-License-Identifier: MIT */
/* Sending what waits in a unix socket, with descriptors and credentials, from here or from a process under construction. */
#ifndef PIMAGE_RESTORE_UNIX_SEND_H
#define PIMAGE_RESTORE_UNIX_SEND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct canvas;
struct err;

#define UNIX_RIGHTS_MAX 253 /* SCM_MAX_FD */

struct unix_parcel {
	int from; /* descriptor of the sending socket */
	struct sockaddr_un address;
	socklen_t address_size; /* 0: to the peer */
	const uint8_t *data;
	size_t size;
	int fds[UNIX_RIGHTS_MAX];
	size_t n_fds;
	struct ucred credentials; /* pid -1: none are given */
};

/*
 * Sends all of it; descriptors go with the first part. The user and group of the credentials are left to the kernel where they
 * may not be claimed; then it returns 1.
 */
int unix_send(const struct unix_parcel *parcel, struct err *err);

/* The same by the process, which has the same descriptors; the pid of the credentials becomes its own. */
int unix_send_by(struct canvas *canvas, const struct unix_parcel *parcel, struct err *err);

#endif
