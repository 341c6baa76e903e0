/* SPDX-License-Identifier: MIT */
/* A timer to read and to wait for, timerfd_create(2). */
#ifndef PIMAGE_TIMERFD_H
#define PIMAGE_TIMERFD_H

#include "format/record.h"

#define TIMERFD_ABSTIME 1u /* TFD_TIMER_ABSTIME */

/* Times in nanoseconds. */
struct timerfd {
	int32_t clock;
	uint32_t flags; /* TFD_TIMER_ of timerfd_settime(2) */
	uint64_t interval;
	uint64_t remaining; /* 0: disarmed, or expired for good */
	uint64_t expires;   /* since 1970, for an absolute time of day; 0: none */
	uint64_t ticks;
};

extern const struct record timerfd_record;

#endif
