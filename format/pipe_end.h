/* SPDX-License-Identifier: MIT */
/* One end of a pipe; the pipe itself is an object of its own. */
#ifndef PIMAGE_PIPE_END_H
#define PIMAGE_PIPE_END_H

#include "format/record.h"

struct pipe_end {
	uint32_t pipe;
};

extern const struct record pipe_end_record;

#endif
