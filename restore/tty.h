/* SPDX-License-Identifier: MIT */
/* The terminal of a restored process is prestore's own. */
#ifndef PIMAGE_RESTORE_TTY_H
#define PIMAGE_RESTORE_TTY_H

struct err;
struct restore;

/* prestore's controlling terminal, kept open; -1: it has none. The descriptor stays the restore's. */
int tty_own(struct restore *restore);

/*
 * Gives the terminal the settings of the image. Without a terminal, or when the image has none,
 * nothing happens.
 */
int tty_commit(struct restore *restore, struct err *err);

/* Gives it back the settings that it had before the commit, once; nothing when there was none. */
void tty_undo(struct restore *restore);

#endif
