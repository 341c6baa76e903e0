/* SPDX-License-Identifier: MIT */
#include "dump/contents_kept.h"

#include "format/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>

uint8_t *kept_pieces_add(struct kept_pieces *kept, uint64_t start, uint64_t end, uint64_t *budget)
{
	struct kept_piece *piece = NULL;
	void *bytes = MAP_FAILED;

	if (!kept->incomplete && end - start <= *budget)
		bytes = mmap(NULL, end - start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	if (bytes != MAP_FAILED)
		piece = LIST_ADD(kept, pieces, NULL);
	if (!piece) {
		if (bytes != MAP_FAILED)
			munmap(bytes, end - start);
		kept->incomplete = true;
		return NULL;
	}
	/* To fault it in by small pages would take longer than to copy. */
	madvise(bytes, end - start, MADV_HUGEPAGE);
	*piece = (struct kept_piece){ start, end, bytes };
	*budget -= end - start;
	return bytes;
}

/* The first that ends above the offset. */
static size_t find(const struct kept_pieces *kept, uint64_t offset)
{
	size_t low = 0, high = kept->n_pieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kept->pieces[middle].end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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
		munmap(kept->pieces[i].bytes, kept->pieces[i].end - kept->pieces[i].start);
	free(kept->pieces);
	*kept = (struct kept_pieces){ 0 };
}
