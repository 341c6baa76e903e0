/* SPDX-License-Identifier: MIT */
/* Descriptors that were made after a process was born come to it through a socket that it has inherited. */
#ifndef PIMAGE_RESTORE_UNIX_GIVE_H
#define PIMAGE_RESTORE_UNIX_GIVE_H

struct canvas;
struct err;
struct restore;

/* Before processes are born. Returns 0. */
int unix_give_open(const struct restore *restore, int ret_ends[2], struct err *err);

/* The process has this program's descriptor under the same number then, in the place of what it had there. */
int unix_give(struct canvas *canvas, const int ends[2], int fd, struct err *err);

/* The other way: a descriptor that a call in the process has made, which is closed there. */
int unix_take(struct canvas *canvas, int fd, struct err *err);

#endif
