/* SPDX-License-Identifier: MIT */
/* For --verbose: what has been done, and how long each step took. */
#ifndef PIMAGE_STEPS_H
#define PIMAGE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct steps {
	const char *program;
	bool on;
	uint64_t last; /* when the last step ended, CLOCK_MONOTONIC in nanoseconds */
};

struct steps steps_start(const char *program, bool on);

/* Says on stderr that a step is done ("threads made"), with the time since the one before. */
void step(struct steps *steps, const char *what);

#endif
