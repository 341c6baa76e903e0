/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals of the image: a new pair for each, with what waits in it. */
#ifndef PIMAGE_RESTORE_PTY_H
#define PIMAGE_RESTORE_PTY_H

#include "format/tty.h"
#include "restore/restore.h"

/* Adds problems of what cannot be made here. */
void pty_check(struct restore *restore, const struct tty *tty);

/*
 * Makes the pair of a tty of kind TTY_PAIR or TTY_HUNG_UP: an object with master and slave, of which canvases inherit the slave.
 * Until pty_finish it is neither locked nor exclusive nor in packet mode. A slave that was never opened is not opened.
 */
int pty_make(struct restore *restore, const struct tty *tty, struct err *err);

/* A descriptor of the slave with the saved flags, opened as it was. */
int pty_open_slave(struct restore *restore, const struct file *file, const struct tty *tty,
		   bool dev_tty, int *ret_fd, struct err *err);

/* When all processes have what they are to have: what would have been in the way before. */
int ptys_finish(struct restore *restore, struct err *err);

#endif
