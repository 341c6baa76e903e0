/* SPDX-License-Identifier: MIT */
/* A descriptor of O_PATH. */
#ifndef PIMAGE_OPATH_H
#define PIMAGE_OPATH_H

#include "format/file_id.h"

struct opath {
	struct file_id file;
};

extern const struct record opath_record;

#endif
