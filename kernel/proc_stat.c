/* SPDX-License-Identifier: MIT */
#include "kernel/proc_stat.h"

#include <string.h>

#include "format/err.h"
#include "kernel/scan.h"

enum number_type {
	INT32, /* %d */
	BITS,  /* 32 bits, printed with %d or %u */
	UINT64,
};

#define FIELD(number, type, member) [number] = { #member, type, offsetof(struct proc_stat, member) }

/* Index: the number of the field in proc_pid_stat(5). Fields without a name are passed over. */
static const struct {
	const char *name;
	enum number_type type;
	size_t offset;
} fields[] = {
	FIELD(4, INT32, ppid),	       FIELD(5, INT32, pgrp),	      FIELD(6, INT32, session),
	FIELD(7, BITS, tty_nr),	       FIELD(8, INT32, tpgid),	      FIELD(9, BITS, flags),
	FIELD(14, UINT64, utime),      FIELD(15, UINT64, stime),      FIELD(18, INT32, priority),
	FIELD(19, INT32, nice),	       FIELD(20, BITS, num_threads),  FIELD(22, UINT64, starttime),
	FIELD(26, UINT64, startcode),  FIELD(27, UINT64, endcode),    FIELD(28, UINT64, startstack),
	FIELD(38, INT32, exit_signal), FIELD(39, INT32, processor),   FIELD(40, BITS, rt_priority),
	FIELD(41, BITS, policy),       FIELD(45, UINT64, start_data), FIELD(46, UINT64, end_data),
	FIELD(47, UINT64, start_brk),  FIELD(48, UINT64, arg_start),  FIELD(49, UINT64, arg_end),
	FIELD(50, UINT64, env_start),  FIELD(51, UINT64, env_end),    FIELD(52, INT32, exit_code),
};

#define N_FIELDS (sizeof(fields) / sizeof(*fields))

static bool take_number(struct scan *scan, enum number_type type, void *at)
{
	uint64_t large;
	int64_t number;

	if (type == UINT64) {
		if (!scan_unsigned(scan, 10, UINT64_MAX, &large))
			return false;
		memcpy(at, &large, sizeof(large));
		return true;
	}
	if (!scan_signed(scan, INT32_MIN, type == BITS ? UINT32_MAX : INT32_MAX, &number))
		return false;
	*(uint32_t *)at = number;
	return true;
}

/* A number that nobody asked for: 64 bits, signed or not. */
static bool skip_number(struct scan *scan)
{
	uint64_t ignored;

	scan_char(scan, '-');
	return scan_unsigned(scan, 10, UINT64_MAX, &ignored);
}

/* "pid (comm) S", where comm is any bytes; nothing behind it has a parenthesis, so the last one
 * ends it. */
static bool take_head(struct scan *scan, struct proc_stat *stat)
{
	const char *close = memrchr(scan->at, ')', scan_left(scan));
	int64_t pid;
	size_t length;

	if (!close || !scan_signed(scan, 0, INT32_MAX, &pid) || !scan_literal(scan, " (") ||
	    close < scan->at)
		return false;
	length = close - scan->at;
	if (length >= sizeof(stat->comm))
		return false;
	stat->pid = pid;
	memcpy(stat->comm, scan->at, length);
	scan->at = close + 1;
	if (!scan_char(scan, ' ') || scan_done(scan))
		return false;
	stat->state = *scan->at++;
	return stat->state > ' ';
}

int proc_stat_parse(const char *text, size_t size, struct proc_stat *ret_stat, struct err *err)
{
	struct scan scan = scan_text(text, size);
	struct proc_stat stat = {};

	if (!take_head(&scan, &stat))
		return scan_failed(&scan, "stat", 0, "\"PID (name) state\"", err);
	for (size_t i = 4; i < N_FIELDS; i++) {
		if (!scan_char(&scan, ' '))
			return err_set(err, ERR_FAILED, "stat: expected %zu fields, found %zu",
				       N_FIELDS - 1, i - 1);
		if (!(fields[i].name
			      ? take_number(&scan, fields[i].type, (char *)&stat + fields[i].offset)
			      : skip_number(&scan)))
			return scan_failed(&scan, "stat", 0,
					   fields[i].name ? fields[i].name : "a number", err);
	}
	if (!scan_done(&scan) && *scan.at != ' ' && *scan.at != '\n')
		return scan_failed(&scan, "stat", 0, "the end of exit_code", err);
	*ret_stat = stat;
	return 0;
}
