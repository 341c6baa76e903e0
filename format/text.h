/* SPDX-License-Identifier: MIT */
/* A string that grows, and the one way in which bytes of the kernel become printable text and back.
 */
#ifndef PIMAGE_TEXT_H
#define PIMAGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct err;

/*
 * Starts as zeroes. Running out of memory is remembered in `failed` and makes all that follows do
 * nothing, so that only text_take() needs a check. data is not terminated before text_take().
 */
struct text {
	char *data;
	size_t size;
	size_t capacity;
	bool failed;
};

/* Where `size` more bytes and a terminator can be written, or NULL. Almost always there is room already. */
char *text_grow(struct text *text, size_t size);
static inline char *text_room(struct text *text, size_t size)
{
	if (text->size + size < text->capacity)
		return text->data + text->size;
	return text_grow(text, size);
}

/* These two are most of the encoding of a record. */
static inline void text_bytes(struct text *text, const void *bytes, size_t size)
{
	char *room = text_room(text, size);

	if (!room || !size)
		return;
	memcpy(room, bytes, size);
	text->size += size;
}

static inline void text_char(struct text *text, char c)
{
	char *room = text_room(text, 1);

	if (!room)
		return;
	*room = c;
	text->size++;
}

void text_string(struct text *text, const char *string);
/* Bytes between two quotation marks, and a string behind them. */
void text_quoted(struct text *text, const char *bytes, size_t size, const char *behind);
/* Room for so many more bytes, so that it need not grow on the way. */
void text_reserve(struct text *text, size_t size);
void text_fill(struct text *text, char c, size_t count);
void text_uint(struct text *text, uint64_t value);
void text_int(struct text *text, int64_t value);
void text_hex(struct text *text, uint64_t value); /* "0x1f", lower case, no leading zeroes */
void text_digits(struct text *text, const uint8_t *bytes,
		 size_t size); /* two hex digits per byte */
void text_printf(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Appends bytes that may be anything: UTF-8 as it is; a backslash, control characters (below
 * U+0020, U+007F to U+009F) and bytes that are not UTF-8 as \xNN. The result is safe on a terminal.
 */
void text_escape(struct text *text, const char *bytes, size_t size);

/*
 * Undoes text_escape(); the string is malloc'd. Refuses a backslash that does not begin \xNN (two
 * lower-case digits), \x00, and control characters that stand there unescaped; the message says
 * which, without a place.
 */
int text_unescape(const char *escaped, size_t size, char **ret_string, struct err *err);

/* The value of a lower-case hex digit, or -1. */
int hex_digit(char c);

/* Hands the terminated string over and leaves an empty text; fails when memory ran out. ret_size
 * may be NULL. */
int text_take(struct text *text, char **ret_string, size_t *ret_size, struct err *err);

void text_done(struct text *text);

#define _cleanup_text_ __attribute__((cleanup(text_done)))

#endif
