/* SPDX-License-Identifier: MIT */
#include "kernel/scan.h"

#include <string.h>

#include "format/err.h"

bool scan_line(struct scan *text, struct scan *ret_line, bool *ret_cut)
{
	const char *newline;

	if (scan_done(text))
		return false;
	newline = memchr(text->at, '\n', scan_left(text));
	ret_line->at = text->at;
	ret_line->end = newline ? newline : text->end;
	text->at = newline ? newline + 1 : text->end;
	if (ret_cut)
		*ret_cut = !newline;
	return true;
}

bool scan_char(struct scan *scan, char c)
{
	if (scan_done(scan) || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

void scan_blanks(struct scan *scan)
{
	while (!scan_done(scan) && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

bool scan_unsigned(struct scan *scan, unsigned base, uint64_t max, uint64_t *ret_value)
{
	const char *at = scan->at;
	uint64_t value = 0;

	for (; at != scan->end; at++) {
		unsigned digit = digit_of(*at);

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (at == scan->at || value > max)
		return false;
	scan->at = at;
	*ret_value = value;
	return true;
}

bool scan_signed(struct scan *scan, int64_t min, int64_t max, int64_t *ret_value)
{
	struct scan at = *scan;
	bool negative = scan_char(&at, '-');
	uint64_t magnitude;
	int64_t value;

	if (!scan_unsigned(&at, 10, (uint64_t)INT64_MAX + negative, &magnitude))
		return false;
	/* Unsigned negation, because the magnitude of INT64_MIN has no positive int64_t. */
	value = (int64_t)(negative ? -magnitude : magnitude);
	if (value < min || value > max)
		return false;
	scan->at = at.at;
	*ret_value = value;
	return true;
}

int scan_failed(const struct scan *line, const char *what, size_t number, const char *want,
		struct err *err)
{
	char found[61];
	size_t length = scan_left(line);

	if (length > sizeof(found) - 1)
		length = sizeof(found) - 1;
	for (size_t i = 0; i < length; i++)
		found[i] = line->at[i] >= ' ' && line->at[i] <= '~' ? line->at[i] : '?';
	found[length] = '\0';
	if (number == 0)
		return err_set(err, ERR_FAILED, "%s: expected %s, found \"%s\"", what, want, found);
	return err_set(err, ERR_FAILED, "%s line %zu: expected %s, found \"%s\"", what, number,
		       want, found);
}
