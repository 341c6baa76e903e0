/* SPDX-License-Identifier: MIT */
/* Notes which pages restored processes ask for, in that order: prestore --record. */
#ifndef PIMAGE_RECORDER_H
#define PIMAGE_RECORDER_H

#include "format/working_set.h"
#include "kernel/pending.h"

#include <stdbool.h>

struct err;

/* Of one process, and of all that are born of it. */
struct recorded {
	struct pending rest; /* addresses that were not asked for yet; offsets mean nothing */
	struct wanted_pages wanted;
};

struct recorder {
	struct recorded *processes;
	size_t n_processes;
	uint64_t time;	/* how long, nanoseconds */
	uint64_t until; /* 0: it has not begun */
};

/* That these pages can be asked for, which are in the image at these addresses; ascending calls for each process. */
int recorder_expect(struct recorder *recorder, uint32_t own_pid, uint64_t start, uint64_t end,
		    struct err *err);

/* The processes run from now on. */
void recorder_begin(struct recorder *recorder);

/* Whether its time is not over. */
bool recorder_goes_on(const struct recorder *recorder);

/* Somebody has asked, for the first time or again. */
int recorder_note(struct recorder *recorder, uint32_t own_pid, uint64_t start, uint64_t end,
		  struct err *err);

/* Writes what was noted to a file, which stands under its name only when it is complete. */
int recorder_write(const struct recorder *recorder, const char *path, struct err *err);

void recorder_done(struct recorder *recorder);

#endif
