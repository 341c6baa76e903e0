/* SPDX-License-Identifier: MIT */
/* A descriptor of a terminal; the terminal itself is a tty object. */
#ifndef PIMAGE_TERMINAL_H
#define PIMAGE_TERMINAL_H

#include "format/record.h"

struct terminal {
	uint32_t tty;
	bool dev_tty;
};

extern const struct record terminal_record;

#endif
