/* SPDX-License-Identifier: MIT */
#include "format/pipe.h"

static const struct field pipe_fields[] = {
	UINT(struct pipe, id, 0, "Number of this pipe."),
	UINT(struct pipe, capacity, 0, "F_GETPIPE_SZ, bytes."),
	UINT(struct pipe, bytes, 0, "Bytes written and not yet read: the size of the data entry."),
	LIST(struct pipe, packets, FIELD_OPTIONAL, item_uint32,
	     "Sizes in bytes of the packets in it, where it is in packet mode (O_DIRECT); their "
	     "sum is that of the bytes."),
	STRING(struct pipe, path, FIELD_OPTIONAL, "Of a named pipe (FIFO): its path."),
	BOOL(struct pipe, awaits_writer, FIELD_OPTIONAL,
	     "Named pipe that is open for reading and has not been opened for writing since."),
	{}
};

const struct record pipe_record =
	RECORD_OF(struct pipe, "pipe", pipe_fields, "A pipe with the bytes in flight.");
