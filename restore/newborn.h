/* SPDX-License-Identifier: MIT */
/*
 * What the new process does between its birth and its exec, in the memory of who cloned it: an address space of its own would cost more than
 * all else. So only system calls, on a stack of its own.
 */
#ifndef PIMAGE_NEWBORN_H
#define PIMAGE_NEWBORN_H

#include "format/process.h"
#include "restore/restore.h"

#include <sys/types.h>

struct err;
struct heap;
struct one_cpu;

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
	char **argv;
	struct one_cpu *one_cpu; /* that an init is to leave; NULL: none */
	const struct heap *heap; /* not to be inherited by an init, NULL: it may be */
	void *place; /* of the stack and of what is pointed to from here; not in the heap */
	size_t size;
};

/* Fills in what to execute, and gets memory for it and for the stack. */
int newborn_prepare(struct restore *restore, const struct process *process, struct newborn *newborn,
		    struct err *err);
/* Only of one that has executed or ended, or was never cloned. */
void newborn_done(struct newborn *newborn);

/*
 * clone3(2), under the old number if `keep`. In the new process it does not return: it says hello on the socket, waits for a
 * byte, and executes. Until then it uses what newborn_prepare made, and with CLONE_VFORK in `flags` it is waited for. Returns the process id
 * as the caller sees it, or -1 with errno.
 */
pid_t newborn_clone(const struct newborn *newborn, bool keep, uint64_t flags);

/* The process id, as the caller sees it, of who says hello or that a step failed there; waits for it. */
int newborn_hear(int socket, pid_t *ret_pid, struct err *err);

/* The message of a step that failed there, from the word it has sent. */
int newborn_failure(int32_t word, struct err *err);

/* Sends such a word and ends the process. */
enum newborn_step { STEP_SESSION, STEP_CAPABILITIES, STEP_EXEC, STEP_MOUNT, STEP_CLONE };
void newborn_fail(int socket, enum newborn_step step, int error) __attribute__((noreturn));

#endif
