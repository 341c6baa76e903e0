/* SPDX-License-Identifier: MIT */
#include "kernel/proc_fdinfo.h"

#include <string.h>

#include "format/err.h"
#include "kernel/scan.h"

const char *proc_fdinfo_find(const char *from, const char *key, size_t *ret_length)
{
	struct scan in = scan_text(from, strlen(from)), line;

	while (scan_line(&in, &line, NULL)) {
		if (!scan_literal(&line, key) || !scan_char(&line, ':'))
			continue;
		scan_blanks(&line);
		*ret_length = scan_left(&line);
		return line.at;
	}
	return NULL;
}

int proc_fdinfo_number(const char *text, const char *key, unsigned base, uint64_t *ret_value)
{
	size_t length;
	const char *value = proc_fdinfo_find(text, key, &length);
	struct scan scan;

	if (!value)
		return -1;
	scan = scan_text(value, length);
	return scan_unsigned(&scan, base, UINT64_MAX, ret_value) ? 0 : -1;
}

int proc_fdinfo_word(const char *value, size_t length, const char *key, unsigned base,
		     uint64_t *ret_value)
{
	struct scan scan = scan_text(value, length);

	while (scan_blanks(&scan), !scan_done(&scan)) {
		if (scan_literal(&scan, key) && scan_char(&scan, ':')) {
			scan_blanks(&scan);
			return scan_unsigned(&scan, base, UINT64_MAX, ret_value) ? 0 : -1;
		}
		while (!scan_done(&scan) && *scan.at != ' ' && *scan.at != '\t')
			scan.at++;
	}
	return -1;
}

/* One line of the text, whole: "key:\tnumber". */
static bool take_line(struct scan in, const char *key, unsigned base, uint64_t max,
		      uint64_t *ret_value)
{
	struct scan line;

	while (scan_line(&in, &line, NULL)) {
		if (!scan_literal(&line, key))
			continue;
		scan_blanks(&line);
		return scan_unsigned(&line, base, max, ret_value) && scan_done(&line);
	}
	return false;
}

static bool take_position(struct scan in, int64_t *ret_position)
{
	struct scan line;

	if (!scan_line(&in, &line, NULL) || !scan_literal(&line, "pos:"))
		return false;
	scan_blanks(&line);
	return scan_signed(&line, INT64_MIN, INT64_MAX, ret_position) && scan_done(&line);
}

int proc_fdinfo_parse(const char *text, size_t size, struct proc_fdinfo *ret_info, struct err *err)
{
	const struct scan in = scan_text(text, size);
	struct proc_fdinfo info = {};
	uint64_t flags, mnt_id, ino;

	if (!take_position(in, &info.pos))
		return scan_failed(&in, "fdinfo", 1, "\"pos:\" and a number", err);
	if (!take_line(in, "flags:", 8, UINT32_MAX, &flags))
		return scan_failed(&in, "fdinfo", 0, "\"flags:\" and an octal number", err);
	if (!take_line(in, "mnt_id:", 10, UINT32_MAX, &mnt_id))
		return scan_failed(&in, "fdinfo", 0, "\"mnt_id:\" and a number", err);
	if (take_line(in, "ino:", 10, UINT64_MAX, &ino))
		info.ino = ino;
	info.flags = flags;
	info.mnt_id = mnt_id;
	*ret_info = info;
	return 0;
}
