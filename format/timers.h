/* SPDX-License-Identifier: MIT */
/* POSIX timers and interval timers of a process. */
#ifndef PIMAGE_TIMERS_H
#define PIMAGE_TIMERS_H

#include "format/record.h"

/* notify: SIGEV_ numbers. interval and remaining in nanoseconds. */
struct posix_timer {
	uint32_t id;
	int32_t clock;
	uint32_t notify;
	uint32_t signal;
	uint32_t thread;
	uint64_t value;
	uint64_t interval;
	uint64_t remaining;
	uint32_t overrun;
};

struct interval_timer {
	uint32_t which;
	uint64_t interval;
	uint64_t remaining;
};

struct timers {
	struct posix_timer *posix_timers;
	size_t n_posix_timers;
	struct interval_timer *interval_timers;
	size_t n_interval_timers;
};

extern const struct record timers_record;

#endif
