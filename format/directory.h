/* SPDX-License-Identifier: MIT */
/* An open directory. */
#ifndef PIMAGE_DIRECTORY_H
#define PIMAGE_DIRECTORY_H

#include "format/file_id.h"

struct directory {
	struct file_id file;
};

extern const struct record directory_record;

#endif
