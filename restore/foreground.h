/* SPDX-License-Identifier: MIT */
/* Being for the restored process what a shell is for a foreground job. */
#ifndef PIMAGE_FOREGROUND_H
#define PIMAGE_FOREGROUND_H

#include "restore/restore.h"
#include "restore/spawn.h"

/* Blocks the signals that will be passed on; before anything is built, so that none is lost. */
int foreground_prepare(struct err *err);

/* Hands the terminal over: its settings, its foreground group. The process must not run yet. */
int foreground_take(struct restore *restore, const struct job *job, struct err *err);

/*
 * Passes signals, stops and continues on until the process ends, and gives the terminal back. Returns the exit status; a
 * process that a signal killed kills prestore with the same.
 */
int foreground_wait(struct restore *restore, const struct job *job, struct err *err);

#endif
