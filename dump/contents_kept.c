/* SPDX-License-Identifier: MIT */
#include "dump/contents_kept.h"

#include "format/record.h"
#include "format/search.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>

static uint8_t *map_bytes(uint64_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		return NULL;
	/* To fault it in by small pages would take longer than to copy. */
	madvise(bytes, size, MADV_HUGEPAGE);
	return bytes;
}

void kept_room_prepare(struct kept_room *room, uint64_t expected)
{
	uint64_t size = MIN(expected, room->budget) & ~UINT64_C(0xfff);

	if (size)
		room->pool = map_bytes(size);
	room->pool_size = room->pool ? size : 0;
	if (room->pool)
		madvise(room->pool, size, MADV_POPULATE_WRITE);
}

void kept_room_done(struct kept_room *room)
{
	if (room->pool)
		munmap(room->pool, room->pool_size);
	*room = (struct kept_room){ 0 };
}

uint8_t *kept_pieces_add(struct kept_pieces *kept, uint64_t start, uint64_t end,
			 struct kept_room *room)
{
	uint64_t size = end - start;
	bool pooled = size <= room->pool_size - room->used;
	struct kept_piece *piece = NULL;
	uint8_t *bytes = NULL;

	if (!kept->incomplete && size <= room->budget)
		bytes = pooled ? room->pool + room->used : map_bytes(size);
	if (bytes)
		piece = LIST_ADD(kept, pieces, NULL);
	if (!piece) {
		if (bytes && !pooled)
			munmap(bytes, size);
		kept->incomplete = true;
		return NULL;
	}
	*piece = (struct kept_piece){ start, end, bytes, !pooled };
	room->budget -= size;
	if (pooled)
		room->used += size;
	return bytes;
}

/* The first that ends above the offset. */
static size_t find(const struct kept_pieces *kept, uint64_t offset)
{
	return SEARCH(kept->n_pieces, i, kept->pieces[i].end <= offset);
}

void kept_pieces_read(const struct kept_pieces *kept, uint64_t offset, uint8_t *buffer, size_t size)
{
	uint64_t end = offset + size;

	memset(buffer, 0, size);
	for (size_t i = find(kept, offset); i < kept->n_pieces && kept->pieces[i].start < end;
	     i++) {
		const struct kept_piece *piece = &kept->pieces[i];
		uint64_t from = MAX(piece->start, offset), to = MIN(piece->end, end);

		memcpy(buffer + (from - offset), piece->bytes + (from - piece->start), to - from);
	}
}

void kept_pieces_done(struct kept_pieces *kept)
{
	for (size_t i = 0; i < kept->n_pieces; i++)
		if (kept->pieces[i].mapped)
			munmap(kept->pieces[i].bytes, kept->pieces[i].end - kept->pieces[i].start);
	free(kept->pieces);
	*kept = (struct kept_pieces){ 0 };
}
