/* SPDX-License-Identifier: MIT */
/* Letting threads leave a stretch of code in which they must not be saved. */
#ifndef PIMAGE_STEP_OUT_H
#define PIMAGE_STEP_OUT_H

#include <stdint.h>

struct err;
struct frozen;

/*
 * Steps every thread that is in the vDSO until it is not, instruction by instruction, as if it had been stopped a moment later: on another
 * kernel its code and data are others, and its functions are short. They write to memory of the process, so nothing may have been
 * read of that before, nor which pages there are or were written. A signal that arrives meanwhile is delivered, which leaves
 * the vDSO too. Threads that do not leave within some thousand steps stay where they are, and so do stopped ones.
 */
int frozen_leave_vdso(struct frozen *frozen, struct err *err);

/* How many threads are in [start, end). */
unsigned frozen_count_inside(const struct frozen *frozen, uint64_t start, uint64_t end);

#endif
