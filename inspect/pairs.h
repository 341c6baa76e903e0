/* SPDX-License-Identifier: MIT */
/* Which object of one image is which of another, though their numbers differ. */
#ifndef PIMAGE_INSPECT_PAIRS_H
#define PIMAGE_INSPECT_PAIRS_H

#include "format/image.h"

struct err;

/*
 * The keys of all objects of a kind in an order that does not depend on the numbers of processes
 * and threads: processes as pimage.json lists them, threads as their process does, other objects by
 * number. malloc'd.
 */
int keys_in_order(const struct image *image, enum kind kind, struct key **ret_keys, size_t *ret_n,
		  struct err *err);

/* A process or thread as each image numbers it. */
struct id_pair {
	uint32_t a;
	uint32_t b;
};

struct id_pairs {
	struct id_pair *pairs; /* by a, then b */
	size_t n_pairs;
};

/* All that both images have; release with free(). */
int id_pairs_make(const struct image *a, const struct image *b, struct id_pairs *ret_pairs,
		  struct err *err);

/*
 * Whether two words of memory, which differ, hold the ids of a pair: what C libraries cache of
 * theirs, and owners of mutexes, whose two upper bits are flags (FUTEX_TID_MASK, linux/futex.h).
 */
bool id_pairs_match(const struct id_pairs *pairs, uint32_t a, uint32_t b);

#endif
