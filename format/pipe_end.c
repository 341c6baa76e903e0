/* SPDX-License-Identifier: MIT */
#include "format/pipe_end.h"

static const struct field pipe_end_fields[] = {
	UINT(struct pipe_end, pipe, 0, "Number of the pipe object."), {}
};

const struct record pipe_end_record = RECORD_OF(struct pipe_end, "pipe_end", pipe_end_fields,
						"An end of a pipe; the access mode tells which.");
