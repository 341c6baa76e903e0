/* SPDX-License-Identifier: MIT */
/* Something whose other end is outside of the saved processes: restore must be told what it
 * becomes. */
#ifndef PIMAGE_EXTERNAL_H
#define PIMAGE_EXTERNAL_H

#include "format/record.h"

/* A process that had the other end. */
struct external_holder {
	uint32_t pid;
	char *name;
};

struct external {
	char *what;
	uint32_t pipe;	 /* 0: none */
	uint32_t socket; /* 0: none */
	struct external_holder *holder;
	char *policy; /* format/external_policy.h; NULL: restore has to be told */
};

extern const struct record external_record;

#endif
