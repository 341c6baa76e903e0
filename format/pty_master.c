/* SPDX-License-Identifier: MIT */
#include "format/pty_master.h"

static const struct field pty_master_fields[] = {
	UINT(struct pty_master, tty, 0, "Number of the tty object, which is of kind `pair`."), {}
};

const struct record pty_master_record =
	RECORD_OF(struct pty_master, "pty_master", pty_master_fields,
		  "The master of a pseudo-terminal.");
