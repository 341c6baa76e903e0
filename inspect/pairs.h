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

#endif
