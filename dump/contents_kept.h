/* SPDX-License-Identifier: MIT */
/* Contents that processes share, copied while they stand still, so that they need not stand until these are written. */
#ifndef PIMAGE_DUMP_CONTENTS_KEPT_H
#define PIMAGE_DUMP_CONTENTS_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Memory for them. What is prepared before the processes stop is faulted in, which takes longer than to copy. */
struct kept_room {
	uint64_t budget; /* bytes that may be used in all */
	uint8_t *pool;	 /* mapped */
	uint64_t pool_size;
	uint64_t used; /* of the pool */
};

/* For about so many bytes; the budget is a limit to it. Whatever fails only takes longer later. */
void kept_room_prepare(struct kept_room *room, uint64_t expected);
void kept_room_done(struct kept_room *room);

struct kept_piece {
	uint64_t start; /* offsets in the contents */
	uint64_t end;
	uint8_t *bytes;
	bool mapped; /* by itself */
};

/* Zeroed is empty. */
struct kept_pieces {
	struct kept_piece *pieces; /* ascending */
	size_t n_pieces;
	bool incomplete; /* there was no room for some: none are used */
};

/*
 * Room for the contents of [start, end), behind all others, to be filled by the caller; takes as much off the budget.
 * NULL: the budget or memory does not suffice. The room must stay as long as the pieces.
 */
uint8_t *kept_pieces_add(struct kept_pieces *kept, uint64_t start, uint64_t end,
			 struct kept_room *room);

/* What is in no piece is zero. */
void kept_pieces_read(const struct kept_pieces *kept, uint64_t offset, uint8_t *buffer,
		      size_t size);

void kept_pieces_done(struct kept_pieces *kept);

#endif
