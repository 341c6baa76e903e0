/* SPDX-License-Identifier: MIT */
/* Who looks at a job from outside: a person at a terminal, or what a script gives prestore as input and output. */
#ifndef PIMAGE_RESTORE_PERSON_H
#define PIMAGE_RESTORE_PERSON_H

#include "restore/screen.h"

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* What is shown goes to standard output. */
struct person {
	int in;			 /* standard input, or /dev/tty; -1: nothing (more) to read */
	bool terminal;		 /* in is one */
	bool raw;		 /* and everything that is typed comes to us */
	struct termios settings; /* that it gets back */
	struct screen screen;	 /* for the modes that have to be left */
};

/* The input: standard input; or the terminal, when the image comes through standard input ("-"). image may be NULL. */
void person_find(struct person *person, const char *image);

void person_show(struct person *person, const char *bytes, size_t size);

/*
 * Takes the terminal, if there is one and it is not taken. Not from the background: it is the shell's then. Returns whether
 * it was taken just now.
 */
bool person_take(struct person *person);

/* Gives it back as it was, out of all modes that were entered meanwhile. */
void person_give_back(struct person *person);

#endif
