/* SPDX-License-Identifier: MIT */
#include "format/terminal.h"

static const struct field terminal_fields[] = {
	UINT(struct terminal, tty, 0, "Number of the tty object."), {}
};

const struct record terminal_record = { "terminal", sizeof(struct terminal), terminal_fields,
					"A descriptor of a terminal." };
