/* SPDX-License-Identifier: MIT */
#include "kernel/proc_timers.h"

#include <stdlib.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/array.h"
#include "kernel/scan.h"

/* kernel/time: SIGEV_ numbers of the names that fs/proc/base.c show_timer prints. */
static const struct {
	const char *name;
	uint32_t value;
} notify_names[] = {
	{ "signal/", 0 },
	{ "none/", 1 },
	{ "thread/", 2 },
};

typedef bool take(struct scan *value, struct proc_timer *timer);

static bool take_id(struct scan *value, struct proc_timer *timer)
{
	int64_t id;

	if (!scan_signed(value, 0, INT32_MAX, &id))
		return false;
	timer->id = id;
	return true;
}

/* "signal/value", the value as 16 hex digits. */
static bool take_signal(struct scan *value, struct proc_timer *timer)
{
	int64_t signal;

	if (!scan_signed(value, 0, 64, &signal) || !scan_char(value, '/'))
		return false;
	timer->signal = signal;
	return scan_unsigned(value, 16, UINT64_MAX, &timer->value);
}

/* "signal/pid.4242" or "signal/tid.4243". */
static bool take_notify(struct scan *value, struct proc_timer *timer)
{
	size_t n = sizeof(notify_names) / sizeof(*notify_names), i = 0;
	int64_t target;

	while (i < n && !scan_literal(value, notify_names[i].name))
		i++;
	if (i == n)
		return false;
	timer->notify = notify_names[i].value;
	timer->thread = scan_literal(value, "tid.");
	if (!timer->thread && !scan_literal(value, "pid."))
		return false;
	if (!scan_signed(value, 0, INT32_MAX, &target))
		return false;
	timer->target = target;
	return true;
}

static bool take_clock(struct scan *value, struct proc_timer *timer)
{
	int64_t clock_id;

	if (!scan_signed(value, INT32_MIN, INT32_MAX, &clock_id))
		return false;
	timer->clock_id = clock_id;
	return true;
}

/* The lines of one timer. The first begins it; each of them comes once. */
static const struct {
	const char *key;
	take *take;
} keys[] = {
	{ "ID:", take_id },
	{ "signal:", take_signal },
	{ "notify:", take_notify },
	{ "ClockID:", take_clock },
};

#define N_KEYS	 (sizeof(keys) / sizeof(*keys))
#define ALL_SEEN ((1u << N_KEYS) - 1)

static int take_line(struct scan line, struct proc_timers *timers, unsigned *seen, size_t number,
		     struct err *err)
{
	const struct scan whole = line;
	size_t i = 0;

	while (i < N_KEYS && !scan_literal(&line, keys[i].key))
		i++;
	if (i == N_KEYS)
		return 0;
	if (i == 0) {
		if (*seen != ALL_SEEN)
			return scan_failed(&whole, "timers", number, "the rest of a timer", err);
		*seen = 0;
		if (!ARRAY_ADD(&timers->list, &timers->count, err))
			return -1;
	}
	if (*seen & 1u << i)
		return scan_failed(&whole, "timers", number, "\"ID:\"", err);
	*seen |= 1u << i;
	scan_blanks(&line);
	if (!keys[i].take(&line, &timers->list[timers->count - 1]) || !scan_done(&line))
		return scan_failed(&whole, "timers", number, "a value that fits the key", err);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct proc_timer *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int proc_timers_parse(const char *text, size_t size, struct proc_timers *ret_timers,
		      struct err *err)
{
	_cleanup_(proc_timers_release) struct proc_timers timers = {};
	struct scan in = scan_text(text, size), line;
	unsigned seen = ALL_SEEN;
	size_t number = 0;

	while (scan_line(&in, &line, NULL)) {
		if (take_line(line, &timers, &seen, ++number, err) < 0)
			return -1;
	}
	if (seen != ALL_SEEN)
		return err_set(err, ERR_FAILED, "timers line %zu: the text is cut off", number);
	if (timers.count > 0)
		qsort(timers.list, timers.count, sizeof(*timers.list), compare_ids);
	for (size_t i = 1; i < timers.count; i++) {
		if (timers.list[i - 1].id == timers.list[i].id)
			return err_set(err, ERR_FAILED, "timers: two have the id %d",
				       timers.list[i].id);
	}
	*ret_timers = timers;
	timers = (struct proc_timers){};
	return 0;
}

void proc_timers_release(struct proc_timers *timers)
{
	free(timers->list);
	*timers = (struct proc_timers){};
}
