/* SPDX-License-Identifier: MIT */
/* Scattered ranges seen as one run of bytes: how saved pages stand in the page entries of an image. */
#ifndef PIMAGE_RUNS_H
#define PIMAGE_RUNS_H

#include "format/record.h"

struct err;

struct run {
	uint64_t start; /* address, or offset in an object */
	uint64_t end;
	uint64_t before; /* bytes of the runs before this one */
};

struct runs {
	struct run *runs;
	size_t n_runs;
	uint64_t size; /* bytes of all */
};

/* Adds ranges, in ascending order over all calls. */
int runs_add(struct runs *runs, const struct range *ranges, size_t n, struct err *err);
void runs_done(struct runs *runs);

/* The index of the run that holds the byte at `offset` (< runs->size). */
size_t runs_find(const struct runs *runs, uint64_t offset);

/* The address of that byte. */
uint64_t runs_address(const struct runs *runs, uint64_t offset);

/*
 * Calls `piece` for every contiguous part of [offset, offset + size), in order; `done` is how many bytes came before.
 * Ends at the first failure.
 */
typedef int run_piece(void *context, uint64_t address, size_t done, size_t size, struct err *err);
int runs_each(const struct runs *runs, uint64_t offset, size_t size, run_piece *piece,
	      void *context, struct err *err);

#endif
