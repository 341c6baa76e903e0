/* SPDX-License-Identifier: MIT */
/* The terminal of a restored process is prestore's own. */
#ifndef PIMAGE_RESTORE_TTY_H
#define PIMAGE_RESTORE_TTY_H

#include <stdbool.h>

struct err;
struct process;
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
 * The master of a new pseudo-terminal with settings and window of the saved one, whose number it gets if that is free. Its slave is not
 * open yet. Close-on-exec, without O_NONBLOCK. Returns the descriptor or <0.
 */
int tty_make_master(const struct tty *tty, struct err *err);

/* The same with its slave, which is nobody's controlling terminal. */
int tty_make_pair(const struct tty *tty, int *ret_master, int *ret_slave, struct err *err);

/* Settings of lines and consoles, which are there by themselves; what cannot be set becomes a problem. */
void tty_set_devices(struct restore *restore);

/* Whether it was prestore's terminal's counterpart that a process belonged to, and not a pair of the image. */
bool tty_is_own(const struct restore *restore, const struct process *process);

/* Whether prestore's own terminal takes the place of one of the image. */
bool tty_wanted(const struct restore *restore);

#endif
