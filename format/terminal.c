/* SPDX-License-Identifier: MIT */
#include "format/terminal.h"

static const struct field terminal_fields[] = {
	UINT(struct terminal, tty, 0, "Number of the tty object."),
	BOOL(struct terminal, dev_tty, FIELD_OPTIONAL,
	     "It was opened as /dev/tty, not by the path of the device."),
	{}
};

const struct record terminal_record =
	RECORD_OF(struct terminal, "terminal", terminal_fields, "A descriptor of a terminal.");
