/* SPDX-License-Identifier: MIT */
/* The file `beats`, which programs that check themselves share with killer.c. */
#ifndef PIMAGE_TESTS_BEATS_H
#define PIMAGE_TESTS_BEATS_H

#include <stdint.h>
#include <sys/types.h>

enum { BEATS_MAX = 32 };

struct beats {
	volatile uint64_t count[BEATS_MAX]; /* of what goes on */
	volatile uint32_t n;		    /* of these that are used */
	volatile pid_t stopped[BEATS_MAX]; /* processes that must be found stopped by job control */
	volatile pid_t running
		[BEATS_MAX]; /* processes besides the first that must be found neither stopped nor traced */
};

#endif
