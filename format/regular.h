/* SPDX-License-Identifier: MIT */
/* A regular file. */
#ifndef PIMAGE_REGULAR_H
#define PIMAGE_REGULAR_H

#include "format/file_id.h"

struct regular {
	struct file_id file;
};

extern const struct record regular_record;

#endif
