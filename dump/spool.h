/* SPDX-License-Identifier: MIT */
/* Pages of a process by their addresses, in a temporary file: copied while it runs, and again where it wrote. Few of them in memory. */
#ifndef PIMAGE_DUMP_SPOOL_H
#define PIMAGE_DUMP_SPOOL_H

#include "kernel/memory.h"

#include <stdbool.h>

struct err;

struct spool_part {
	struct memory_range range;
	union {
		uint64_t offset;      /* in the file */
		const uint8_t *bytes; /* in memory, which may be another one's */
	};
};

struct spool {
	int fd;	       /* -1: in memory */
	uint8_t *held; /* NULL: in the file */
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

/*
 * Reads the ranges (ascending, whole pages) into memory, by as few calls as there are ranges. Pages that are as those at the same address of one of the
 * relatives, which are held and stay as long, or NULL, take none. Leaves an empty one on failure.
 */
enum { SPOOL_RELATIVES = 2 };
int spool_hold(const struct process_memory *from, const struct memory_ranges *ranges,
	       const struct spool *const relatives[SPOOL_RELATIVES], struct spool *ret_spool,
	       struct err *err);

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
