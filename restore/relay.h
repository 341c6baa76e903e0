/* SPDX-License-Identifier: MIT */
/* What a keeper of a terminal and the prestore that is attached to it say to each other. */
#ifndef PIMAGE_RESTORE_RELAY_H
#define PIMAGE_RESTORE_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

struct err;

/* Over a unix socket of type SOCK_SEQPACKET between processes of one host and user: one packet is one message. */
enum message_type {
	/* from the one who attaches */
	MESSAGE_HELLO = 'h',	/* struct hello. It is shown what was there, and takes over */
	MESSAGE_INPUT = 'i',	/* bytes */
	MESSAGE_SIZE = 'w',	/* struct winsize */
	MESSAGE_SIGNAL = 's',	/* int32_t: for the job */
	MESSAGE_CONTINUE = 'c', /* if it is stopped */
	/* from the keeper */
	MESSAGE_READY = 'r',   /* struct ready */
	MESSAGE_OUTPUT = 'o',  /* bytes */
	MESSAGE_STOPPED = 'z', /* the job is */
	MESSAGE_ENDED = 'e',   /* int32_t: as waitpid(2) tells it */
	MESSAGE_TAKEN = 't',   /* another one is attached now */
	MESSAGE_ITSELF =
		'x', /* who says hello is in that very terminal: it would go round in a circle */
};

enum { MESSAGE_MAX = 4096, NAME_MAX_ATTACH = 32 };

struct hello {
	struct winsize size; /* zeroes: it has no window */
	uint32_t device;     /* of its terminal, 0: it has none */
};

struct ready {
	int32_t pid; /* of the root, as prestore sees it */
	char name[NAME_MAX_ATTACH + 1];
};

struct message {
	char type;
	size_t size;
	char bytes[MESSAGE_MAX];
};

/* Returns 0, or -1 with errno: EAGAIN when a socket that does not block is full. size <= MESSAGE_MAX. */
int message_send(int socket, enum message_type type, const void *bytes, size_t size);

/* Returns 1; 0 at the end of the other side; -1 with errno. Bytes behind the end are zeroes for types of a fixed size. */
int message_receive(int socket, struct message *ret_message);

/* "^]", "^A", "none" (-1). */
int detach_key_parse(const char *text, int *ret_key, struct err *err);

#endif
