/* SPDX-License-Identifier: MIT */
/* What the new process does between its birth and its exec; only system calls, because memory is a copy of prestore's. */
#ifndef PIMAGE_NEWBORN_H
#define PIMAGE_NEWBORN_H

#include "format/process.h"
#include "restore/restore.h"

#include <sys/types.h>

struct err;

struct newborn {
	uint32_t own_pid;
	uint64_t bounding; /* capabilities that it may ever have; bit n: capability n */
	bool new_session;  /* else: a new process group in the session of prestore */
	pid_t tracer;	   /* prestore, where it may be no ancestor; else 0 */
	bool elsewhere;	   /* it is not made here: another has it put into the namespace */
	int socket;	   /* to prestore, close-on-exec */
	int far_end;	   /* of that socket: closed here, so that the end of prestore is seen */
	int exe;	   /* descriptor to execute, or -1: by path */
	const char *path;
	char path_buffer[4096];
	char **argv;
};

/* Fills in what to execute. */
int newborn_prepare(struct restore *restore, const struct process *process, struct newborn *newborn,
		    struct err *err);
void newborn_done(struct newborn *newborn);

/*
 * clone3(2), under the old number if `keep`. In the new process it does not return: it says hello on the socket, waits for a
 * byte, and executes. Returns the process id as the caller sees it, or -1 with errno.
 */
pid_t newborn_clone(const struct newborn *newborn, bool keep);

/* The process id, as the caller sees it, of who says hello or that a step failed there; waits for it. */
int newborn_hear(int socket, pid_t *ret_pid, struct err *err);

/* The message of a step that failed there, from the word it has sent. */
int newborn_failure(int32_t word, struct err *err);

/* Sends such a word and ends the process. */
enum newborn_step { STEP_SESSION, STEP_CAPABILITIES, STEP_EXEC, STEP_MOUNT, STEP_CLONE };
void newborn_fail(int socket, enum newborn_step step, int error) __attribute__((noreturn));

#endif
