/* SPDX-License-Identifier: MIT */
/* What waits in a unix socket, looked at by MSG_PEEK, which takes nothing out. */
#ifndef PIMAGE_DUMP_UNIX_PEEK_H
#define PIMAGE_DUMP_UNIX_PEEK_H

#include "format/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct err;

/* What has to be known of a socket before it is looked into. */
struct unix_shape {
	uint8_t type; /* SOCK_ */
	int peek_offset;
	bool pass_credentials;
	bool has_rights; /* descriptors wait in it */
	bool ended;	 /* nothing more is received: shutdown(2), or the peer is closed */
	bool reset;	 /* an error is to be reported */
};

/* A datagram or packet; of a stream, bytes that come together. */
struct peeked {
	uint32_t bytes;
	char *path; /* of its sender, where it has one */
	struct bytes abstract;
	struct ucred credentials; /* as this program sees them; pid -1: none came */
	int *fds; /* duplicates of what came with it, >= 3, close-on-exec; -1: taken */
	size_t n_fds;
};

struct unix_queue {
	uint32_t ino; /* for who keeps it */
	uint8_t *data;
	size_t size;
	struct peeked *messages;
	size_t n_messages;
	bool empty;	  /* there was a message without bytes, which is shown only once */
	bool out_of_band; /* MSG_OOB: nothing was looked at */
	bool hidden; /* behind an error: nothing was looked at, since that would take the error away */
};

/*
 * SO_PEEK_OFF is changed meanwhile and put back. Of a stream without rights and credentials there is at most one
 * message. Release with unix_queue_done.
 */
int unix_peek(int fd, const struct unix_shape *shape, struct unix_queue *ret_queue,
	      struct err *err);
void unix_queue_done(struct unix_queue *queue);

/* The path or abstract name of an address; neither, where it is that of a socket without name. */
int unix_address(const struct sockaddr_un *address, socklen_t length, char **ret_path,
		 struct bytes *ret_abstract, struct err *err);

#endif
