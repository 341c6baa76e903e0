/* SPDX-License-Identifier: MIT */
/* A unix socket; the bytes that wait in it are the entry sockets/unix/<id>.data. */
#ifndef PIMAGE_UNIX_SOCKET_H
#define PIMAGE_UNIX_SOCKET_H

#include "format/socket_options.h"

/* Who sent it, SCM_CREDENTIALS. */
struct unix_credentials {
	uint32_t pid; /* 0: none of the image */
	uint32_t uid;
	uint32_t gid;
};

/* A datagram or packet that was sent and not yet received. */
struct unix_message {
	uint32_t bytes;
	char *path; /* address of the sender: one of these, or neither */
	struct bytes abstract;
	uint32_t *files;
	size_t n_files;
	struct unix_credentials *credentials;
};

/* The socket file, where the path still leads to the socket. */
struct unix_file {
	char *directory; /* from where a relative path starts; else NULL */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
};

/* The other end, where that is in none of the saved processes. An unnamed one has no address. */
struct unix_outside {
	char *path; /* absolute where it could be found out */
	struct bytes abstract;
	bool unaccepted; /* it has not accepted the connection yet */
};

enum unix_type {
	UNIX_STREAM = 1, /* SOCK_ numbers of the generic ABI */
	UNIX_DATAGRAM = 2,
	UNIX_PACKET = 5,
};

enum unix_shutdown {
	UNIX_SHUTDOWN_READ = 1,
	UNIX_SHUTDOWN_WRITE = 2,
};

struct unix_socket {
	uint32_t id;
	uint32_t type;
	char *path;
	struct bytes abstract; /* without the zero byte before it */
	struct unix_file *file;
	uint32_t peer;	/* 0: none that is open */
	bool peer_gone; /* it had one, which is closed */
	struct unix_outside *outside;
	struct unix_credentials *peer_credentials; /* NULL: there are none */
	bool reset;				   /* ECONNRESET is to be told yet */
	uint32_t shutdown;
	bool listening;
	uint32_t backlog;
	uint32_t *waiting;
	size_t n_waiting;
	struct socket_options options;
	uint32_t bytes;
	struct unix_message *messages;
	size_t n_messages;
};

extern const struct record unix_socket_record;

#endif
