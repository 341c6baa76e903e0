/* SPDX-License-Identifier: MIT */
/* Processes that job control had stopped. */
#ifndef PIMAGE_RESTORE_STOPPED_H
#define PIMAGE_RESTORE_STOPPED_H

struct err;
struct restore;

/*
 * Stops those whose parent is in the image, by the signal that had stopped them, when groups and dispositions are set and nothing is
 * pending yet. Their parents get no SIGCHLD of it, and are told by waitpid(2) only if they had not been before.
 */
int stopped_make(struct restore *restore, struct err *err);

/* The others, whose parent is to be told, and with --stopped all: they stop when they are let go. */
int stopped_commit(struct restore *restore, struct err *err);

#endif
