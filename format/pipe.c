/* SPDX-License-Identifier: MIT */
#include "format/pipe.h"

static const struct field pipe_fields[] = {
	UINT(struct pipe, id, 0, "Number of this pipe."),
	UINT(struct pipe, capacity, 0, "F_GETPIPE_SZ, bytes."),
	UINT(struct pipe, bytes, 0, "Bytes written and not yet read: the size of the data entry."),
	{}
};

const struct record pipe_record = { "pipe", sizeof(struct pipe), pipe_fields,
				    "A pipe with the bytes in flight." };
