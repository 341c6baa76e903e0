/* SPDX-License-Identifier: MIT */
/* The open file description of a unix socket; the socket itself is an object of its own. */
#ifndef PIMAGE_UNIX_END_H
#define PIMAGE_UNIX_END_H

#include "format/record.h"

struct unix_end {
	uint32_t socket;
};

extern const struct record unix_end_record;

#endif
