/* SPDX-License-Identifier: MIT */
/* Where contents that no path gives back are read from, until they are in the image. */
#ifndef PIMAGE_DUMP_CONTENTS_H
#define PIMAGE_DUMP_CONTENTS_H

#include "dump/contents_kept.h"
#include "dump/dump.h"
#include "format/shm.h"

struct contents {
	uint64_t dev; /* as stat(2) says, or without a descriptor as the maps say */
	uint64_t ino;
	char *name; /* the kernel's name for it, without its mark of deletion */
	uint32_t id;
	int fd; /* of our own: its offset may be moved; -1: read through the mappings of target */
	struct target *target;
	bool scanned;
	struct kept_pieces kept;
};

/* Accepts a zeroed one with fd -1. */
void contents_done(struct contents *contents);

/*
 * Reads from an offset; what lies behind the end, or in no mapping of the target, is zero.
 * Any thread may call it.
 */
int contents_read(const struct contents *contents, uint64_t offset, void *buffer, size_t size,
		  struct err *err);

/* Whether nothing more is read of the process: all that is saved was copied. */
bool contents_are_kept(const struct contents *contents);

/* Whether a mapping of the target is one of this object. */
bool contents_is_mapped_by(const struct contents *contents, const struct map *map);

/* Finds the offsets that hold data: fills shm->saved, and shm->size where only mappings tell it. */
int contents_scan(struct contents *contents, struct dump *dump, struct shm *shm, struct err *err);

#endif
