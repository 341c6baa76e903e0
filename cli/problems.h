/* SPDX-License-Identifier: MIT */
/* Everything that a check finds, to be told at once, each with its remedy. */
#ifndef PIMAGE_PROBLEMS_H
#define PIMAGE_PROBLEMS_H

#include "format/err.h"
#include "format/note.h"

#include <stdio.h>

/* Starts as zeroes. The list has the shape of an image's notes and can be moved there. */
struct problems {
	struct note *notes;
	size_t n_notes;
	size_t n_passing; /* how many of the blocking ones need but a little time; see problems_pass() */
	bool failed; /* memory ran out: the list is not complete, and so nothing may be built on it */
};

extern const struct record problems_record;

/*
 * Adds what was found about `object` ("pid 42 fd 3 /path"; may hold any bytes). Never fails at once,
 * so that a check can go on; problems_refuse() tells in the end.
 */
void problems_add(struct problems *problems, enum verdict verdict, const char *object,
		  const char *what, ...) __attribute__((format(printf, 4, 5)));

/* What the user can do about the problem that was added last: an option, an action. */
void problems_remedy(struct problems *problems, const char *remedy, ...)
	__attribute__((format(printf, 2, 3)));

/* The blocking problem that was added last will be gone by itself as soon as the processes run for a moment. */
void problems_pass(struct problems *problems);

/* Whether nothing is in the way that another attempt, a moment later, may not find gone. */
bool problems_passing(const struct problems *problems);

/* As problems_add, from an error: its message becomes `what`. */
void problems_add_err(struct problems *problems, enum verdict verdict, const char *object,
		      const struct err *err);

size_t problems_count(const struct problems *problems, enum verdict verdict);

/*
 * Whether one may go on: fails with `code` and "2 problems stand in the way" if there are blocking
 * ones, and with ERR_FAILED if the list is not complete.
 */
int problems_refuse(const struct problems *problems, enum err_code code, struct err *err);

/* For people, the worst first; nothing if there is nothing. For --json, record_encode(). */
void problems_print(const struct problems *problems, FILE *out);

void problems_done(struct problems *problems);

#endif
