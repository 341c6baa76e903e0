/* SPDX-License-Identifier: MIT */
/* A pipe, named or not; the bytes in it are the entry pipes/<id>.data. */
#ifndef PIMAGE_PIPE_H
#define PIMAGE_PIPE_H

#include "format/record.h"

struct pipe {
	uint32_t id;
	uint32_t capacity;
	uint32_t bytes;
	uint32_t *packets;
	size_t n_packets;
	char *path; /* of a named one; NULL */
	bool awaits_writer;
};

extern const struct record pipe_record;

#endif
