/* SPDX-License-Identifier: MIT */
/* The first process of a restore: how it gets its number, its session, its program; and who reaps it. */
#ifndef PIMAGE_SPAWN_H
#define PIMAGE_SPAWN_H

#include "restore/canvas.h"
#include "restore/restore.h"

/*
 * How a process of the image came into being, and how its fate is learnt. With namespaces its parent is a process of
 * ours that is init there; it tells every change of state through `status`.
 */
struct job {
	pid_t foreground; /* a process of the group that had the terminal; 0: the root */
	pid_t pid;	  /* root of the tree as prestore sees it; 0: none */
	bool committed;
	pid_t init;  /* of the new namespace; 0: prestore is the parent itself */
	int init_fd; /* its pidfd, without close-on-exec, until the root is in its namespace; -1 */
	int control; /* to init: one byte commits, end-of-file before that ends everything; -1 */
	int status;  /* from init: wait statuses of the root, int by int; -1 */
};

#define JOB_EMPTY                                                                                  \
	{                                                                                          \
		.init_fd = -1, .control = -1, .status = -1                                         \
	}

/*
 * Starts the process with its executable and leaves it traced at its exec stop, to be killed with prestore. mode is
 * resolved: not PIDS_AUTO.
 */
int spawn(struct restore *restore, enum pids_mode mode, uint32_t own_pid, struct job *ret_job,
	  struct canvas *ret_canvas, struct err *err);

/* The same for a process that will not run: a child of prestore's, under any number, in prestore's own namespaces. */
int spawn_template(struct restore *restore, uint32_t own_pid, struct canvas *ret_canvas,
		   struct err *err);

/* Tells init, where there is one, that everything stands: from now on it lives as long as its processes. */
int job_commit(struct job *job, struct err *err);

/* Ends init and so all of its processes, unless it was committed. Accepts an empty one. */
void job_done(struct job *job);

#endif
