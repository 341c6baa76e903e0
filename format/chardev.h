/* SPDX-License-Identifier: MIT */
/* A character device that has no state: null, zero, full, random, urandom. */
#ifndef PIMAGE_CHARDEV_H
#define PIMAGE_CHARDEV_H

#include "format/record.h"

struct chardev {
	char *path;
	uint32_t major;
	uint32_t minor;
};

extern const struct record chardev_record;

#endif
