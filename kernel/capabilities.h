/* SPDX-License-Identifier: MIT */
/* The capabilities of this program itself, capabilities(7); the only user of libcap. */
#ifndef PIMAGE_CAPABILITIES_H
#define PIMAGE_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)

/* Bits of the effective set; 0 when they cannot be read. */
uint64_t capabilities_effective(void);

/* Gives up for good, in this thread and those it makes, whatever is not in `keep`. Does nothing without privilege. */
int capabilities_keep(uint64_t keep, struct err *err);

#endif
