/* SPDX-License-Identifier: MIT */
/* Signals read from a descriptor, signalfd(2). */
#ifndef PIMAGE_SIGNALFD_H
#define PIMAGE_SIGNALFD_H

#include "format/record.h"

struct signalfd {
	uint64_t mask; /* bit n-1: signal n */
};

extern const struct record signalfd_record;

#endif
