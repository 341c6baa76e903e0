/* SPDX-License-Identifier: MIT */
/* A cursor over a text that is not trusted: each step takes something or leaves it where it is. */
#ifndef PIMAGE_SCAN_H
#define PIMAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct err;

struct scan {
	const char *at;
	const char *end; /* nothing is read from here on; no NUL is needed */
};

static inline struct scan scan_text(const char *text, size_t size)
{
	return (struct scan){ text, text + size };
}

static inline size_t scan_left(const struct scan *scan)
{
	return scan->end - scan->at;
}

static inline bool scan_done(const struct scan *scan)
{
	return scan->at == scan->end;
}

/*
 * Takes the next line; *ret_line is without its newline. False at the end of the text. A last line
 * without a newline is given too: *ret_cut (may be NULL) says so, for the kernel always writes one.
 */
bool scan_line(struct scan *text, struct scan *ret_line, bool *ret_cut);

/* Takes one character, or a literal, if it comes next. */
bool scan_char(struct scan *scan, char c);

/* Not empty. Here, so that its length is known: smaps of many processes has a hundred thousand lines, most of which begin with another letter. */
static inline bool scan_literal(struct scan *scan, const char *literal)
{
	size_t length = strlen(literal);

	if (scan_left(scan) < length || *scan->at != *literal ||
	    memcmp(scan->at, literal, length) != 0)
		return false;
	scan->at += length;
	return true;
}

/* Takes all blanks (space and tab) that come next. */
void scan_blanks(struct scan *scan);

/*
 * Takes a number without a prefix, in base 8, 10 or 16 (lower or upper case), of at least one digit
 * and at most `max`. When there is none or it is larger, nothing is taken.
 */
bool scan_unsigned(struct scan *scan, unsigned base, uint64_t max, uint64_t *ret_value);

/* The same in decimal, with an optional minus, for min <= value <= max. */
bool scan_signed(struct scan *scan, int64_t min, int64_t max, int64_t *ret_value);

/*
 * The usual failure: "maps line 3: expected WANT, found \"...\"" with what is left of the line, cut
 * short and with unprintable bytes shown as "?". Line 0 is not mentioned. Returns -1, ERR_FAILED.
 */
int scan_failed(const struct scan *line, const char *what, size_t number, const char *want,
		struct err *err);

#endif
