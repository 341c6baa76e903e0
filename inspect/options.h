/* SPDX-License-Identifier: MIT */
/* Options of pinspect. */
#ifndef PIMAGE_INSPECT_OPTIONS_H
#define PIMAGE_INSPECT_OPTIONS_H

#include "cli/options.h"

#include <stdint.h>

struct inspect_options {
	bool maps;
	bool fds;
	bool signals;
	bool threads;
	bool env;
	bool json;
	bool all;     /* diff: volatile and informative fields too */
	uint32_t pid; /* 0: every process */
};

extern const struct program inspect_program;

#endif
