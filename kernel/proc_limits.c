/* SPDX-License-Identifier: MIT */
#include "kernel/proc_limits.h"

#include <stdbool.h>

#include "format/err.h"
#include "kernel/scan.h"

/* fs/proc/base.c lnames; index: RLIMIT_ number of asm-generic/resource.h. */
static const char *const titles[PROC_LIMITS] = {
	"Max cpu time",	      "Max file size",	   "Max data size",	    "Max stack size",
	"Max core file size", "Max resident set",  "Max processes",	    "Max open files",
	"Max locked memory",  "Max address space", "Max file locks",	    "Max pending signals",
	"Max msgqueue size",  "Max nice priority", "Max realtime priority", "Max realtime timeout"
};

static bool take_limit(struct scan *line, uint64_t *ret_value)
{
	scan_blanks(line);
	if (scan_literal(line, "unlimited")) {
		*ret_value = PROC_LIMIT_UNLIMITED;
		return true;
	}
	return scan_unsigned(line, 10, UINT64_MAX, ret_value);
}

/* The titles are padded to a column of 25, so a blank follows each. */
static unsigned take_title(struct scan *line)
{
	for (unsigned i = 0; i < PROC_LIMITS; i++) {
		struct scan at = *line;

		if (scan_literal(&at, titles[i]) && scan_char(&at, ' ')) {
			*line = at;
			return i;
		}
	}
	return PROC_LIMITS;
}

static int take_line(struct scan line, struct proc_limits *limits, unsigned *seen, size_t number,
		     struct err *err)
{
	const struct scan whole = line;
	unsigned i = take_title(&line);
	struct proc_limit limit;

	if (i == PROC_LIMITS) {
		if (!scan_literal(&line, "Max "))
			return scan_failed(&whole, "limits", number, "\"Max ...\"", err);
		limits->unknown++;
		return 0;
	}
	if (!take_limit(&line, &limit.soft) || !scan_char(&line, ' ') ||
	    !take_limit(&line, &limit.hard) || !scan_char(&line, ' '))
		return scan_failed(&whole, "limits", number, "two limits", err);
	limits->limit[i] = limit;
	*seen |= 1u << i;
	return 0;
}

int proc_limits_parse(const char *text, size_t size, struct proc_limits *ret_limits,
		      struct err *err)
{
	struct scan in = scan_text(text, size), line;
	struct proc_limits limits = {};
	unsigned seen = 0;
	size_t number = 1;

	if (!scan_line(&in, &line, NULL) || !scan_literal(&line, "Limit "))
		return scan_failed(&in, "limits", 1, "the heading \"Limit ...\"", err);
	while (scan_line(&in, &line, NULL)) {
		if (take_line(line, &limits, &seen, ++number, err) < 0)
			return -1;
	}
	for (unsigned i = 0; i < PROC_LIMITS; i++) {
		if (!(seen & 1u << i))
			return err_set(err, ERR_FAILED, "limits: the line \"%s\" is missing",
				       titles[i]);
	}
	*ret_limits = limits;
	return 0;
}
