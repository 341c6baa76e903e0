/* SPDX-License-Identifier: MIT */
/* Where in a process code can lie that it does not know of. */
#ifndef PIMAGE_PLACE_H
#define PIMAGE_PLACE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct frozen;

struct place {
	uint64_t address;
	/* Scratch memory that the call loop of a killed tracer may have left mapped; size 0: none. */
	uint64_t scratch;
	uint64_t scratch_size;
};

/*
 * Room for size bytes (a multiple of 16) at the end of the last page of the vDSO; if that has none,
 * of another private mapping that is executable and not writable: behind the end of its code. The
 * bytes are zero, or a call loop that a killed tracer left and no thread is in. vdso_end is where the vDSO ends, or 0 if that is
 * not known.
 */
int place_find(const struct frozen *frozen, size_t size, uint64_t vdso_end, struct place *ret_place,
	       struct err *err);

#endif
