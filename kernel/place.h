/* SPDX-License-Identifier: MIT */
/* Where in a process code can lie that it does not know of. */
#ifndef PIMAGE_PLACE_H
#define PIMAGE_PLACE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct frozen;

/*
 * The address of at least size zero bytes, 16-byte aligned, at the end of the last page of the vDSO;
 * if that has no room, of another private mapping that is executable and not writable: behind the
 * end of its code.
 */
int place_find(const struct frozen *frozen, size_t size, uint64_t *ret_address, struct err *err);

#endif
