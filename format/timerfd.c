/* SPDX-License-Identifier: MIT */
#include "format/timerfd.h"

#include "format/names.h"

/* include/uapi/linux/timerfd.h */
static const struct name timerfd_flag_names[] = {
	{ "TFD_TIMER_ABSTIME", TIMERFD_ABSTIME },
	{ "TFD_TIMER_CANCEL_ON_SET", 2 },
	{},
};

static const struct field timerfd_fields[] = {
	ENUM(struct timerfd, clock, 0, clock_names, "Clock it runs by."),
	FLAGS(struct timerfd, flags, 0, timerfd_flag_names, "Flags of timerfd_settime(2)."),
	UINT(struct timerfd, interval, 0, "Period in nanoseconds; 0: once."),
	UINT(struct timerfd, remaining, FIELD_VOLATILE,
	     "Nanoseconds until it expires; 0: disarmed, or it has expired and does so once."),
	UINT(struct timerfd, expires, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Set to a time of day: that time, in nanoseconds since 1970."),
	UINT(struct timerfd, ticks, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "How often it has expired since it was read."),
	{}
};

const struct record timerfd_record =
	RECORD_OF(struct timerfd, "timerfd", timerfd_fields, "A timer to read and to wait for.");
