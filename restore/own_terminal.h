/* SPDX-License-Identifier: MIT */
/* A new terminal for a job, in place of the one that it was in and that prestore has no counterpart of. */
#ifndef PIMAGE_RESTORE_OWN_TERMINAL_H
#define PIMAGE_RESTORE_OWN_TERMINAL_H

struct err;
struct restore;

/*
 * Sets restore->own_terminal: --pty; or the job has descriptors of a terminal, and prestore has none for it: it was started
 * without one, or is to leave the job (--detach).
 */
int own_terminal_choose(struct restore *restore, struct err *err);

/*
 * For a process that will keep it: makes a session and, as its controlling terminal, a pseudo-terminal with the size of the window
 * of the present one, else the saved size. From then on it stands for prestore's own (tty_own). Returns the master, which does not block and
 * is not inherited.
 */
int own_terminal_make(struct restore *restore, struct err *err);

/*
 * Before processes are born: sets restore->root_leads; and if a leader in the image is to have the terminal for its session,
 * it is not that of the caller's session any more.
 */
void own_terminal_hand_over(struct restore *restore);

#endif
