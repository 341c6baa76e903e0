/* SPDX-License-Identifier: MIT */
/* The descriptor table of a process. */
#ifndef PIMAGE_FILES_H
#define PIMAGE_FILES_H

#include "format/record.h"

struct descriptor {
	uint32_t fd;
	uint32_t file;
	bool close_on_exec;
};

struct files {
	struct descriptor *descriptors;
	size_t n_descriptors;
};

extern const struct record files_record;

#endif
