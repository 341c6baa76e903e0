/* SPDX-License-Identifier: MIT */
/* A descriptor of anonymous memory, memfd_create(2); the memory is a shm object. */
#ifndef PIMAGE_MEMFD_H
#define PIMAGE_MEMFD_H

#include "format/record.h"

struct memfd {
	uint32_t contents;
};

extern const struct record memfd_record;

#endif
