/* SPDX-License-Identifier: MIT */
/* The terminal of a restored process is prestore's own. */
#ifndef PIMAGE_RESTORE_TTY_H
#define PIMAGE_RESTORE_TTY_H

struct err;
struct restore;
struct termios2;
struct tty;

/* prestore's controlling terminal, kept open; -1: it has none. The descriptor stays the restore's. */
int tty_own(struct restore *restore);

/* The saved terminal that it is to stand for; NULL: the image has none. */
const struct tty *tty_controlling(const struct restore *restore);

/*
 * Gives the terminal the settings of the image. Without a terminal, or when the image has none,
 * nothing happens.
 */
int tty_commit(struct restore *restore, struct err *err);

/* Gives it back the settings that it had before the commit, once; nothing when there was none. */
void tty_undo(struct restore *restore);

/* What the image says of its settings, put over those that are there. */
void tty_settings(const struct tty *tty, struct termios2 *termios);

/*
 * A new pseudo-terminal with settings and window of the saved one, whose number it gets if that is free. Nothing is in it, and it is
 * nobody's controlling terminal. Both descriptors are close-on-exec and without O_NONBLOCK.
 */
int tty_make_pair(const struct tty *tty, int *ret_master, int *ret_slave, struct err *err);

#endif
