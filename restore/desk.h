/* SPDX-License-Identifier: MIT */
/* Between a job's own terminal and the one who is attached: what goes to and fro, and what is shown to who comes later. */
#ifndef PIMAGE_RESTORE_DESK_H
#define PIMAGE_RESTORE_DESK_H

#include "restore/relay.h"
#include "restore/screen.h"

#include <stdbool.h>

struct job;

/* Bytes on their way: what lies from begin to end is still to go. */
struct queue {
	size_t begin;
	size_t end;
	char bytes[SCREEN_OUTPUT + SCREEN_SWITCHES];
};

struct desk {
	const struct job *job;
	struct ready ready;
	int master;  /* of the terminal; none of these blocks */
	int client;  /* who is attached; -1 */
	int pending; /* has connected and not said hello; -1 */
	struct screen screen;
	struct queue output; /* for the client; nothing is read from the terminal meanwhile */
	struct queue input;  /* for the terminal; nothing is heard from the client meanwhile */
	struct winsize size; /* that the window gets back, while squeezed */
	bool squeezed;
	bool stopped;
	bool tell_stopped; /* when the output before has gone */
	bool ended;
	int32_t status; /* then */
};

/* Sends the client as much as goes. What is told of the job comes after what it has written. */
void desk_flush(struct desk *desk);

/* From the terminal to the client, if there is one, and back. desk_read returns whether there was something. */
bool desk_read(struct desk *desk);
void desk_write(struct desk *desk);

/* Does what the client says, or takes the one who says hello in its place. */
void desk_hear(struct desk *desk);
void desk_hear_pending(struct desk *desk);

/*
 * A program that draws its own screen does so again when it is told of another size of the window; many look whether it is
 * another one. So it is made smaller, until desk_set_size(desk, &desk->size) a moment later. A program that reads lines is not bothered.
 */
void desk_repaint(struct desk *desk);
void desk_set_size(struct desk *desk, const struct winsize *size);

/* What waitpid(2) has told of the job. */
void desk_learn(struct desk *desk, int status);

/* Whether the client, if there is one, knows that the job has ended. */
bool desk_told(struct desk *desk);

#endif
