/* SPDX-License-Identifier: MIT */
/* What a terminal shows, as far as it takes to show it again: its last output, and the modes that programs have switched on. */
#ifndef PIMAGE_RESTORE_SCREEN_H
#define PIMAGE_RESTORE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCREEN_OUTPUT = 65536, SCREEN_MODES = 16, SCREEN_PARAMETERS = 8, SCREEN_SWITCHES = 256 };

/* Zeroes: an empty one. */
struct screen {
	char output[SCREEN_OUTPUT]; /* a ring */
	size_t next;		    /* where the next byte goes */
	bool wrapped;
	uint32_t changed; /* bit n: row n of the table of modes is not as it is by default */
	/* An escape sequence that has begun. */
	int state;
	unsigned parameters[SCREEN_PARAMETERS];
	size_t n_parameters;
};

void screen_feed(struct screen *screen, const char *bytes, size_t size);

/*
 * The last output, oldest first; where some is missing before it, it begins with a line. Returns the number of bytes, at
 * most SCREEN_OUTPUT.
 */
size_t screen_output(const struct screen *screen, char *ret_bytes);

/* What brings a terminal whose modes are as by default to those of the screen, and back. Texts of less than SCREEN_SWITCHES. */
void screen_enter(const struct screen *screen, char *ret_text);
void screen_leave(const struct screen *screen, char *ret_text);

#endif
