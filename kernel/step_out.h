/* SPDX-License-Identifier: MIT */
/* Letting threads leave a stretch of code in which they must not be saved. */
#ifndef PIMAGE_STEP_OUT_H
#define PIMAGE_STEP_OUT_H

#include <stdint.h>

struct err;
struct frozen;

/*
 * Steps every thread whose instruction pointer is in [start, end) until it is not, instruction by instruction, as if it had
 * been stopped a moment later. For the vDSO: its functions are short, and on another kernel their code and data are
 * others. A signal that arrives meanwhile is delivered, which leaves the range too. Threads that do not leave within
 * some thousand steps stay where they are; *ret_inside counts them.
 */
int frozen_step_out(struct frozen *frozen, uint64_t start, uint64_t end, unsigned *ret_inside,
		    struct err *err);

#endif
