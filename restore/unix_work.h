/* SPDX-License-Identifier: MIT */
/* Unix sockets in the making: from when they are connected until they are filled, when all files exist that they carry. */
#ifndef PIMAGE_RESTORE_UNIX_WORK_H
#define PIMAGE_RESTORE_UNIX_WORK_H

#include "format/unix_socket.h"
#include "restore/restore.h"

struct unix_work {
	const struct unix_socket *s;
	struct unix_socket plan; /* what it becomes: `s` points to it; owns nothing */
	uint8_t automatic
		[5];   /* the name that the kernel has given instead of a saved one like it */
	bool left_out; /* nobody has it */
	bool led;      /* it is connected one way */
	int fd;
	int partner; /* the other end of a connection whose peer is gone: closed in the end */
	int inode;   /* its file */
};

struct unix_works {
	struct unix_work *works;
	size_t n_works;
	int transport[2]; /* restore/unix_give.h; -1: not open */
};

/* NULL for 0, and for what is not there. */
struct unix_work *unix_work_of(const struct unix_works *all, uint32_t id);

/* Whether its peer is connected to it, too. */
bool unix_is_mutual(const struct unix_work *work, const struct unix_work *peer);

/* A name: the path, or else the abstract one; an unnamed one has none. */
bool unix_has_name(const struct unix_socket *socket, const char *path,
		   const struct bytes *abstract);

/* What sends without waiting and without signals. Returns the descriptor. */
int unix_new_socket(const struct unix_socket *socket, struct err *err);

/* The socket that listens under the name of this one, and so has accepted it; NULL: none. */
const struct unix_work *unix_accepted_at(const struct unix_works *all,
					 const struct unix_work *work);

int unix_connect_to(int fd, const struct unix_work *to, struct err *err);

/*
 * When all files are made: what waits in sockets, and what comes after it. If processes have to take part in that, all of it
 * comes when they are there, with the descriptors that they inherit.
 */
int unix_fill(struct restore *restore, struct err *err);
int unix_fill_by_processes(struct restore *restore, struct err *err);

/*
 * Processes listen, connect and make pairs again that the saved sockets tell of (SO_PEERCRED). Afterwards, also without that,
 * come those that wait to be accepted. At last it is said of how many sockets something else is told.
 */
bool unix_wants_introduction(const struct unix_works *all);
int unix_introduce(struct restore *restore, struct err *err);
int unix_settle_listeners(struct restore *restore, struct err *err);
void unix_note_strangers(struct restore *restore);

/* Accepts NULL. */
void unix_works_free(struct unix_works *all);

#endif
