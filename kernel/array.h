/* SPDX-License-Identifier: MIT */
/* A list that grows by one: a pointer and a count, without a capacity to carry along. */
#ifndef PIMAGE_ARRAY_H
#define PIMAGE_ARRAY_H

#include <stddef.h>

struct err;

/*
 * Makes room for one more element of `size` bytes at the end, counts it, and returns it zeroed, or
 * NULL with err set. The list must have been grown by this only, from NULL and 0: the room is the
 * next power of two of the count. Pointers into the list become invalid.
 */
void *array_add(void *list, size_t *count, size_t size, struct err *err);

/* T *list; size_t n; T *new = ARRAY_ADD(&list, &n, err); */
#define ARRAY_ADD(list, count, err)                                                                \
	((__typeof__(*(list)))array_add((list), (count), sizeof(**(list)), err))

#endif
