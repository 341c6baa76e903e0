/* SPDX-License-Identifier: MIT */
/* Signal dispositions and the pending signals that all threads of a process share. */
#ifndef PIMAGE_SIGNALS_H
#define PIMAGE_SIGNALS_H

#include "format/record.h"

struct disposition {
	uint32_t signal;
	uint64_t handler; /* 0 default, 1 ignore, else an address */
	uint64_t flags;
	uint64_t mask;
	uint64_t restorer;
};

/* siginfo_t as the kernel keeps it: three ints, then a union that only its sender can interpret. */
struct siginfo_record {
	uint32_t signal;
	int32_t error;
	int32_t code;
	struct bytes data;
};

struct signals {
	struct disposition *dispositions;
	size_t n_dispositions;
	struct siginfo_record *pending;
	size_t n_pending;
};

extern const struct record signals_record;
extern const struct field item_siginfo;

#endif
