/* SPDX-License-Identifier: MIT */
/* What has been done, and how long it took: for people (--verbose) and for programs (--progress-fd). */
#ifndef PIMAGE_STEPS_H
#define PIMAGE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum { NO_PROGRESS_FD = -1 };

struct steps {
	const char *program;
	bool on;
	int fd;		/* where JSON lines go; NO_PROGRESS_FD: nowhere */
	uint64_t start; /* CLOCK_MONOTONIC in nanoseconds */
	uint64_t last;	/* when the last step ended */
	uint64_t told;	/* when bytes were told last */
};

struct steps steps_start(const char *program, bool on, int fd);

/*
 * Says on stderr that a step is done ("threads made"), with the time since the one before; and on the descriptor
 *	{"program":"prestore","phase":"threads","time":0.012345}
 * with the time since the start in seconds. `phase` is for programs and stays what it is.
 */
void step(struct steps *steps, const char *phase, const char *what);

/*
 * How many bytes of page data of how many: {"program":"pdump","phase":"pages","done":1048576,"total":4194304,"time":0.2},
 * on the descriptor only, at most ten times a second and at the end. What it cannot take at once is left out, so that nobody
 * ever waits for who reads it.
 */
void step_bytes(struct steps *steps, uint64_t done, uint64_t total);

/* Whether there is such a descriptor; fails with ERR_USAGE. */
int steps_check_fd(int fd, struct err *err);

#endif
