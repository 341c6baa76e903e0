/* SPDX-License-Identifier: MIT */
/* A descriptor of the master of a pseudo-terminal; the pair itself is a tty object. */
#ifndef PIMAGE_PTY_MASTER_H
#define PIMAGE_PTY_MASTER_H

#include "format/record.h"

struct pty_master {
	uint32_t tty;
};

extern const struct record pty_master_record;

#endif
