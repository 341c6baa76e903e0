/* SPDX-License-Identifier: MIT */
/* The process that holds a job's own terminal, is its parent, and shows the terminal to whoever attaches. */
#ifndef PIMAGE_RESTORE_KEEPER_H
#define PIMAGE_RESTORE_KEEPER_H

#include <sys/types.h>
#include <sys/un.h>

struct desk;
struct err;
struct job;
struct restore;

struct keeper {
	pid_t pid;  /* as prestore sees it; 0: this is the keeper */
	int client; /* in the keeper: who is attached, in prestore: the keeper; -1 */
	int master; /* of the terminal */
	int slave; /* the restore's: with it open the master has no end when the job closes it for a while */
	int listener; /* for others who attach */
	struct sockaddr_un address;
	struct desk *desk;
};

#define KEEPER_EMPTY                                                                               \
	{                                                                                          \
		.client = -1, .master = -1, .slave = -1, .listener = -1                            \
	}

/*
 * Forks. Returns 1 in prestore, which is to relay its terminal to keeper->client (restore/attach.h), and 0 in the keeper, which
 * is to restore and has the job's terminal as its own. Nothing may run in a thread yet.
 */
int keeper_fork(struct restore *restore, struct keeper *ret_keeper, struct err *err);

/* In the keeper, when the process id is known: from now on others may attach. */
int keeper_listen(struct keeper *keeper, const struct restore *restore, const struct job *job,
		  struct err *err);

/*
 * In the keeper, after the commit. Ends with the job, and as it did. If it ends before (SIGTERM), the job loses its terminal: SIGHUP,
 * as when a window is closed.
 */
void keeper_run(struct keeper *keeper, const struct job *job) __attribute__((noreturn));

/* Closes it and removes the address. Accepts an empty one. */
void keeper_done(struct keeper *keeper);

#endif
