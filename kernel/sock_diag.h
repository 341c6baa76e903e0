/* SPDX-License-Identifier: MIT */
/* What the kernel tells of unix sockets to everybody in their network namespace: sock_diag(7). */
#ifndef PIMAGE_SOCK_DIAG_H
#define PIMAGE_SOCK_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* net/unix/diag.c, sk_diag_fill(). Numbers of sockets are those of their inodes, st_ino. */
struct diag_unix {
	uint32_t ino;
	uint8_t type;  /* SOCK_ */
	uint8_t state; /* TCP_LISTEN and others of <netinet/tcp.h> */
	bool has_peer;
	uint32_t peer;	  /* 0: closed, or it is the other end of one that nobody has accepted */
	uint8_t shutdown; /* 1: nothing more is received, 2: sent */
	bool has_file;	  /* bound to a path: inode and device (MKDEV() of the kernel) */
	uint32_t file_ino;
	uint32_t file_dev;
	char name[108]; /* sun_path; an abstract one begins with a zero byte */
	size_t name_size;
	uint32_t backlog;  /* of one that listens */
	uint32_t *waiting; /* who connected to it and is not accepted: 0: closed again */
	size_t n_waiting;
};

struct diag_unixes {
	struct diag_unix *sockets;
	size_t n_sockets;
};

/*
 * Adds what is in one datagram of the answer. Returns 1 when it is the end of it, else 0. <0: it is no
 * such answer, or an error that the kernel reports.
 */
int diag_unix_parse(const void *data, size_t size, struct diag_unixes *sockets, struct err *err);

/* All unix sockets of this network namespace. On failure there is nothing to release. */
int diag_unix_read(struct diag_unixes *ret_sockets, struct err *err);

void diag_unix_done(struct diag_unixes *sockets);

const struct diag_unix *diag_unix_find(const struct diag_unixes *sockets, uint64_t ino);

#endif
