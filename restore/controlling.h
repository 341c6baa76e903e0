/* SPDX-License-Identifier: MIT */
/* Terminals as what sessions are controlled by: only a leader gets one, and who is born to it afterwards has it too. */
#ifndef PIMAGE_RESTORE_CONTROLLING_H
#define PIMAGE_RESTORE_CONTROLLING_H

struct canvas;
struct err;
struct restore;

/*
 * Just after setsid(2), before it has children: a leader takes the terminal that was made for it (an object of kind tty with a
 * slave, restore.h), by TIOCSCTTY. Others, and those whose terminal was not made here, are left alone.
 */
int controlling_take(struct restore *restore, struct canvas *leader, struct err *err);

/*
 * When all groups are there: gives each such terminal to the group that had it (TIOCSPGRP, in the leader); those of the session that do not have
 * it give it up.
 */
int controlling_foreground(struct restore *restore, struct err *err);

#endif
