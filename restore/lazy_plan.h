/* SPDX-License-Identifier: MIT */
/* What --lazy comes to in a restore. */
#ifndef PIMAGE_LAZY_PLAN_H
#define PIMAGE_LAZY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing. */
struct lazy {
	bool on;
	int device; /* if on: /dev/userfaultfd, open under this number in all canvases until PHASE_OPEN; -1: not needed */
	uint64_t size; /* bytes of pages that come later */
	int go; /* once started: a byte for it when the processes run; closed without, nothing is recorded */
	struct lazy_serving *serving; /* once started, until it is another process; else NULL */
};

#endif
