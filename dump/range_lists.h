/* SPDX-License-Identifier: MIT */
/* Lists of pages in the records of an image, and the same as ranges that can be reckoned with. */
#ifndef PIMAGE_DUMP_RANGE_LISTS_H
#define PIMAGE_DUMP_RANGE_LISTS_H

#include "format/record.h"
#include "kernel/memory.h"

struct err;

/* Appends. */
int range_list_add_to(struct memory_ranges *ranges, const struct range *list, size_t n,
		      struct err *err);

/* The list is replaced. */
int range_list_set(struct range **list, size_t *n, const struct memory_ranges *ranges,
		   struct err *err);

/*
 * What of the pages is in one list goes to the other, which stays ascending.
 */
int range_list_move(const struct memory_ranges *pages, struct range **from, size_t *n_from,
		    struct range **to, size_t *n_to, struct err *err);

#endif
