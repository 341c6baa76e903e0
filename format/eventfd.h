/* SPDX-License-Identifier: MIT */
/* An event counter, eventfd(2). */
#ifndef PIMAGE_EVENTFD_H
#define PIMAGE_EVENTFD_H

#include "format/record.h"

struct eventfd {
	uint64_t count;
	bool semaphore;
};

extern const struct record eventfd_record;

#endif
