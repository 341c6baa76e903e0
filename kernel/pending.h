/* SPDX-License-Identifier: MIT */
/* The pages of an address space that are still to come, wherever the process has moved them to meanwhile. */
#ifndef PIMAGE_PENDING_H
#define PIMAGE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct pending_run {
	uint64_t start; /* addresses now */
	uint64_t end;
	uint64_t offset; /* of what belongs at start, wherever that is kept */
};

/*
 * Ascending, apart from one another; some are empty, because what is behind them is not moved up each time that one is done.
 * Zeroed there are none. Failures are of memory only, and leave it as it was.
 */
struct pending {
	struct pending_run *runs;
	size_t n_runs;
	size_t n_empty; /* of them */
	size_t room;
};

void pending_done(struct pending *pending);

/* Behind all others. */
int pending_add(struct pending *pending, struct pending_run run, struct err *err);

/* The index of the first run that ends above the address and is not empty; n_runs: none. */
size_t pending_find(const struct pending *pending, uint64_t address);

/* Whether nothing is to come any more. */
bool pending_is_empty(const struct pending *pending);

/* Nothing is to come there any more: it came, or was given up (munmap(2), MADV_DONTNEED). */
int pending_remove(struct pending *pending, uint64_t start, uint64_t end, struct err *err);

/* mremap(2): what was to come at `from` is to come at `to`, and what was to come there is not. The two do not overlap. */
int pending_move(struct pending *pending, uint64_t from, uint64_t to, uint64_t length,
		 struct err *err);

/* fork(2): the same for another address space. */
int pending_copy(const struct pending *pending, struct pending *ret_copy, struct err *err);

/* Bytes. */
uint64_t pending_size(const struct pending *pending);

#endif
