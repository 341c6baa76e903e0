/* SPDX-License-Identifier: MIT */
#include "format/text.h"

#include "format/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

char *text_grow(struct text *text, size_t size)
{
	size_t need = text->size + size + 1;
	size_t capacity = text->capacity ? text->capacity : 64;
	char *data;

	if (text->failed)
		return NULL;
	while (capacity < need)
		capacity *= 2;
	data = realloc(text->data, capacity);
	if (!data) {
		text->failed = true;
		text->capacity = 0;
		return NULL;
	}
	text->data = data;
	text->capacity = capacity;
	return data + text->size;
}

void text_string(struct text *text, const char *string)
{
	text_bytes(text, string, strlen(string));
}

void text_quoted(struct text *text, const char *bytes, size_t size, const char *behind)
{
	size_t more = strlen(behind);
	char *room = text_room(text, size + more + 2);

	if (!room)
		return;
	*room++ = '"';
	memcpy(room, bytes, size);
	room[size] = '"';
	memcpy(room + size + 1, behind, more);
	text->size += size + more + 2;
}

void text_reserve(struct text *text, size_t size)
{
	text_room(text, size);
}

void text_fill(struct text *text, char c, size_t count)
{
	char *room = text_room(text, count);

	if (!room)
		return;
	memset(room, c, count);
	text->size += count;
}

/* printf is most of the time of encoding a large record, so numbers are written by hand. */
static inline void text_number(struct text *text, uint64_t value, unsigned base)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = hex_digits[value % base];
		value /= base;
	} while (value);
	text_bytes(text, digits + at, sizeof(digits) - at);
}

void text_uint(struct text *text, uint64_t value)
{
	text_number(text, value, 10);
}

void text_int(struct text *text, int64_t value)
{
	if (value < 0)
		text_char(text, '-');
	text_number(text, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

void text_hex(struct text *text, uint64_t value)
{
	text_bytes(text, "0x", 2);
	text_number(text, value, 16);
}

void text_digits(struct text *text, const uint8_t *bytes, size_t size)
{
	char *room = text_room(text, 2 * size);
	size_t i;

	if (!room)
		return;
	for (i = 0; i < size; i++) {
		*room++ = hex_digits[bytes[i] >> 4];
		*room++ = hex_digits[bytes[i] & 15];
	}
	text->size += 2 * size;
}

void text_printf(struct text *text, const char *fmt, ...)
{
	va_list ap;
	char *room;
	int size;

	va_start(ap, fmt);
	size = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	room = size < 0 ? NULL : text_room(text, (size_t)size);
	if (!room)
		return;
	va_start(ap, fmt);
	vsnprintf(room, (size_t)size + 1, fmt, ap);
	va_end(ap);
	text->size += (size_t)size;
}

/* The least code point that a sequence of this length may stand for; shorter ones are another
 * spelling of it. */
static const uint32_t least_of_length[] = { 0, 0, 0xa0, 0x800, 0x10000 };

/* The length of the printable UTF-8 character at the start, or 0 if the first byte has to be
 * escaped. */
static size_t printable_length(const unsigned char *s, size_t size)
{
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t code;
	size_t i;

	if (length == 1)
		return s[0] >= 0x20 && s[0] != 0x7f && s[0] != '\\';
	if (s[0] < 0xc2 || s[0] > 0xf4 || length > size)
		return 0;
	code = s[0] & (0x7fU >> length);
	for (i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least_of_length[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

void text_escape(struct text *text, const char *bytes, size_t size)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t plain = 0;
	size_t at = 0;

	while (at < size) {
		size_t length;

		if (s[at] >= 0x20 && s[at] < 0x7f && s[at] != '\\') {
			at++;
			continue;
		}
		length = printable_length(s + at, size - at);
		if (length) {
			at += length;
			continue;
		}
		text_bytes(text, s + plain, at - plain);
		text_bytes(text, "\\x", 2);
		text_digits(text, s + at, 1);
		plain = ++at;
	}
	text_bytes(text, s + plain, at - plain);
}

int hex_digit(char c)
{
	const char *digit = c ? strchr(hex_digits, c) : NULL;

	return digit ? (int)(digit - hex_digits) : -1;
}

/* One escape or one character at *s; appends the bytes it stands for and moves on. */
static int unescape_one(struct text *text, const char **s, const char *end, struct err *err)
{
	size_t length = printable_length((const unsigned char *)*s, (size_t)(end - *s));
	int high, low;

	if (length) {
		text_bytes(text, *s, length);
		*s += length;
		return 0;
	}
	if (**s != '\\')
		return err_set(err, ERR_IMAGE, "byte 0x%02x must be written as \\x%02x",
			       (unsigned char)**s, (unsigned char)**s);
	high = end - *s >= 4 && (*s)[1] == 'x' ? hex_digit((*s)[2]) : -1;
	low = high < 0 ? -1 : hex_digit((*s)[3]);
	if (low < 0)
		return err_set(err, ERR_IMAGE,
			       "a backslash must begin \\xNN with two lower-case hex digits "
			       "(itself it is \\x5c)");
	if (high + low == 0)
		return err_set(err, ERR_IMAGE, "\\x00 cannot be part of a string");
	text_char(text, (char)(high << 4 | low));
	*s += 4;
	return 0;
}

int text_unescape(const char *escaped, size_t size, char **ret_string, struct err *err)
{
	const char *end = escaped + size;
	_cleanup_text_ struct text text = { 0 };

	while (escaped < end)
		if (unescape_one(&text, &escaped, end, err) < 0)
			return -1;
	return text_take(&text, ret_string, NULL, err);
}

int text_take(struct text *text, char **ret_string, size_t *ret_size, struct err *err)
{
	char *end = text->failed ? NULL : text_room(text, 0);

	if (!end)
		return err_set(err, ERR_FAILED, "out of memory");
	*end = '\0';
	*ret_string = text->data;
	if (ret_size)
		*ret_size = text->size;
	*text = (struct text){ 0 };
	return 0;
}

void text_done(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}
