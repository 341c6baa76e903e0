/* SPDX-License-Identifier: MIT */
/* Pages of a process by their addresses, in a temporary file: copied while it runs, and again where it wrote. */
#ifndef PIMAGE_DUMP_SPOOL_H
#define PIMAGE_DUMP_SPOOL_H

#include "kernel/memory.h"

#include <stdbool.h>

struct err;

struct spool_part {
	struct memory_range range;
	uint64_t offset; /* in the file */
};

struct spool {
	int fd;
	uint64_t size;
	struct spool_part *parts; /* ascending, apart from one another */
	size_t n_parts;
};

#define SPOOL_EMPTY                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* A nameless file where the image will be; in $TMPDIR or /var/tmp if that is "-". */
int spool_open(const char *image, struct spool *ret_spool, struct err *err);

/* Accepts and leaves an empty one. */
void spool_done(struct spool *spool);

/*
 * Copies the ranges (ascending, whole pages) from the process, over what the spool has of them. `running`: what cannot be
 * read, because the process has just given it back, is left as it is.
 */
int spool_put(struct spool *spool, const struct process_memory *from,
	      const struct memory_ranges *ranges, bool running, struct err *err);

/* Adds the parts of [start, end) that are not in it. */
int spool_missing(const struct spool *spool, uint64_t start, uint64_t end,
		  struct memory_ranges *ret_missing, struct err *err);

/* All of it must be there. Several threads may read at once. */
int spool_read(const struct spool *spool, uint64_t address, void *buffer, size_t size,
	       struct err *err);

/* As memory_zero_pages. */
int spool_zero_pages(const struct spool *spool, const struct memory_range *ranges, size_t count,
		     struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		     struct err *err);

#endif
