/* SPDX-License-Identifier: MIT */
#include "format/timers.h"

#include "format/names.h"

static const struct field posix_timer_fields[] = {
	UINT(struct posix_timer, id, 0, "The kernel's timer id, which the program holds."),
	ENUM(struct posix_timer, clock, 0, clock_names, "Clock it runs by."),
	ENUM(struct posix_timer, notify, 0, sigev_notify_names, "sigev_notify."),
	ENUM(struct posix_timer, signal, FIELD_OPTIONAL, signal_names, "Signal it sends."),
	UINT(struct posix_timer, thread, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Notify thread_id: the thread."),
	HEX(struct posix_timer, value, 0, "sigev_value."),
	UINT(struct posix_timer, interval, 0, "Period in nanoseconds; 0: once."),
	UINT(struct posix_timer, remaining, FIELD_VOLATILE,
	     "Nanoseconds until it expires; 0: disarmed, or its signal is among the pending."),
	UINT(struct posix_timer, overrun, FIELD_OPTIONAL | FIELD_VOLATILE | FIELD_INFO,
	     "timer_getoverrun(2)."),
	{}
};
static const struct record posix_timer_record =
	RECORD_OF(struct posix_timer, "posix_timer", posix_timer_fields,
		  "A timer of timer_create(2).");
static const struct field item_posix_timer = ITEM_RECORD(struct posix_timer, posix_timer_record);

static const struct field interval_timer_fields[] = {
	ENUM(struct interval_timer, which, 0, itimer_names, "ITIMER_REAL, _VIRTUAL or _PROF."),
	UINT(struct interval_timer, interval, 0, "Period in nanoseconds."),
	UINT(struct interval_timer, remaining, FIELD_VOLATILE,
	     "Nanoseconds until it expires; 0: it has, and goes on when its signal is taken."),
	{}
};
static const struct record interval_timer_record =
	RECORD_OF(struct interval_timer, "interval_timer", interval_timer_fields,
		  "A timer of setitimer(2) that is armed.");
static const struct field item_interval_timer =
	ITEM_RECORD(struct interval_timer, interval_timer_record);

static const struct field timers_fields[] = {
	LIST(struct timers, posix_timers, 0, item_posix_timer, "By id."),
	LIST(struct timers, interval_timers, 0, item_interval_timer, "Those that are armed."),
	{}
};

const struct record timers_record =
	RECORD_OF(struct timers, "timers", timers_fields, "Timers of a process.");
