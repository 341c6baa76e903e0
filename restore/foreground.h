/* SPDX-License-Identifier: MIT */
/* Being for the restored process what a shell is for a foreground job. */
#ifndef PIMAGE_FOREGROUND_H
#define PIMAGE_FOREGROUND_H

#include "restore/restore.h"
#include "restore/spawn.h"

#include <signal.h>

/* Blocks the signals that will be passed on; before anything is built, so that none is lost. */
int foreground_prepare(struct err *err);

/* Hands the terminal over: its settings, its foreground group. The process must not run yet. */
int foreground_take(struct restore *restore, const struct job *job, struct err *err);

/*
 * Passes signals, stops and continues on until the process ends, and gives the terminal back. Returns the exit status; a
 * process that a signal killed kills prestore with the same.
 */
int foreground_wait(struct restore *restore, const struct job *job, struct err *err);

/* The signals that are passed on, and SIGCHLD. */
sigset_t foreground_signals(void);

/*
 * The next change of state of the job, as waitpid(2) tells it. Returns 0 when there is none; waits where it comes through
 * job->status. <0: nobody can tell any more.
 */
int foreground_status(const struct job *job, int *ret_status, struct err *err);

/* For who ends as the job did: its exit status; or does not return, because a signal had killed it. */
int foreground_end(int status);

#endif
