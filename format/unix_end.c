/* SPDX-License-Identifier: MIT */
#include "format/unix_end.h"

static const struct field unix_end_fields[] = {
	UINT(struct unix_end, socket, 0, "Number of the socket."), {}
};

const struct record unix_end_record =
	RECORD_OF(struct unix_end, "unix_end", unix_end_fields,
		  "A unix socket all of whose ends are in the image.");
