/* SPDX-License-Identifier: MIT */
/* A line on a terminal that says how far it is, and sizes and durations as people read them. */
#ifndef PIMAGE_PROGRESS_H
#define PIMAGE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Room for any of the two texts below. */
#define HUMAN_SIZE 32

/* "512 B", "1.2 GiB"; "850 ns", "3.4 ms", "12.3 s", "5 min 7 s", "3 h 12 min". Return buffer. */
const char *human_bytes(uint64_t bytes, char buffer[HUMAN_SIZE]);
const char *human_duration(uint64_t nanoseconds, char buffer[HUMAN_SIZE]);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t progress_now(void);

/* Filled by progress_start(). Not for more than one thread at a time. */
struct progress {
	FILE *out;
	const char *what;
	uint64_t total;
	uint64_t started;
	uint64_t drawn; /* when; 0 is never */
	size_t width;	/* of what stands there now */
};

/*
 * Begins a line such as "saving memory  1.2 GiB of 3.4 GiB  35 %  812.0 MiB/s" on `out`. Draws
 * nothing if that is no terminal. `what` is kept, not copied; total is in bytes, 0 if not known.
 */
void progress_start(struct progress *progress, FILE *out, const char *what, uint64_t total);

/* Redraws at most ten times a second, and not in the first tenth; cheap otherwise. */
void progress_update(struct progress *progress, uint64_t done);

/* Erases the line, so that nothing is left of it. Accepts one that was never started. */
void progress_end(struct progress *progress);

/* The text of the line, at most size - 1 bytes, after `elapsed` nanoseconds. For tests. */
void progress_text(const struct progress *progress, uint64_t done, uint64_t elapsed, char *buffer,
		   size_t size);

#endif
