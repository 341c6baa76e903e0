/* SPDX-License-Identifier: MIT */
/* The pages that a process should get before the others, although nobody waits for them yet. */
#ifndef PIMAGE_WANTED_H
#define PIMAGE_WANTED_H

#include "format/memory.h"
#include "kernel/pending.h"

#include <stdbool.h>

struct err;

struct wanted {
	struct range *ranges; /* by order of wish; addresses as in the image */
	size_t n_ranges;
	size_t next;   /* those before it have come */
	uint64_t from; /* of ranges[next]: what is before this address has come, too */
};

/*
 * What the image says; behind that, where it leads to one before, the pages that it has itself: they were written since then.
 */
int wanted_of(const struct memory *memory, struct wanted *ret_wanted, struct err *err);
void wanted_done(struct wanted *wanted);

/* The next that is still to come at its old address; false: there is none any more. */
bool wanted_next(struct wanted *wanted, const struct pending *pending, uint64_t *ret_address);

#endif
