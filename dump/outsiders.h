/* SPDX-License-Identifier: MIT */
/* Which processes have the other ends of pipes and sockets: for people, as far as this user may see it. */
#ifndef PIMAGE_DUMP_OUTSIDERS_H
#define PIMAGE_DUMP_OUTSIDERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dump;
struct outsiders;

enum outsider_end {
	OUTSIDER_READS = 1,
	OUTSIDER_WRITES = 2,
};

/*
 * A process that is not dumped and has the object of that inode open, for one of these (bits; sockets are open for both). `name` is that of
 * links in /proc/PID/fd: "pipe", "socket". 0: none is seen. All processes are searched when it is first called for a dump.
 */
pid_t outsider_find(struct dump *dump, const char *name, uint64_t inode, unsigned ends);

/* Accepts NULL. */
void outsiders_free(struct outsiders *outsiders);

#endif
