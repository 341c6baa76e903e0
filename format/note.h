/* SPDX-License-Identifier: MIT */
/* One thing that is not exactly as it should be: in an image what was not saved exactly, in a check what stands in the way. */
#ifndef PIMAGE_NOTE_H
#define PIMAGE_NOTE_H

#include "format/record.h"

/* From the worst to the mildest. An image holds no BLOCKING one: it would not have been written. */
enum verdict {
	VERDICT_BLOCKING = 1, /* nothing can be done before this is solved */
	VERDICT_LOST,	      /* missing after a restore */
	VERDICT_APPROXIMATED, /* restored as something that is nearly the same */
	VERDICT_NOTE,	      /* worth knowing */
};

extern const struct name verdict_names[];

struct note {
	int verdict;
	char *object; /* "pid 42 fd 3 /path" */
	char *what;   /* expected and found, or what is lost and why */
	char *remedy; /* what the user can do; NULL if nothing */
};

extern const struct record note_record;
extern const struct field item_note;

#endif
