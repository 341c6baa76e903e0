/* SPDX-License-Identifier: MIT */
#include "format/shm.h"

#include "format/memory.h"
#include "format/names.h"

const struct name shm_kind_names[] = {
	{ "anonymous", SHM_ANONYMOUS },
	{ "memfd", SHM_MEMFD },
	{ "deleted_file", SHM_DELETED_FILE },
	{},
};

static const struct field shm_fields[] = {
	UINT(struct shm, id, 0, "Number of this object."),
	ENUM(struct shm, kind, 0, shm_kind_names, "What it is."),
	STRING(struct shm, name, FIELD_OPTIONAL | FIELD_VOLATILE,
	       "The name of a memfd, or the path that a deleted file had."),
	UINT(struct shm, size, 0, "Size in bytes."),
	UINT(struct shm, mode, FIELD_OPTIONAL, "st_mode of a file or memfd."),
	FLAGS(struct shm, seals, FIELD_OPTIONAL, seal_names, "F_GET_SEALS."),
	UINT(struct shm, huge_page_size, FIELD_OPTIONAL, "Page size of hugetlb memory, bytes."),
	LIST(struct shm, saved, FIELD_OPTIONAL, item_range,
	     "Offsets whose contents are in the image; what is neither here nor in previous is "
	     "zero."),
	LIST(struct shm, previous, FIELD_OPTIONAL, item_range,
	     "Offsets whose contents are those of the object `before` at the same offsets in the "
	     "image "
	     "that $.previous of pimage.json names."),
	UINT(struct shm, before, FIELD_OPTIONAL, "Number of that object in that image."),
	{}
};

const struct range *shm_stored(const struct shm *shm, uint64_t offset)
{
	const struct range *saved = ranges_find(shm->saved, shm->n_saved, offset);
	const struct range *previous = ranges_find(shm->previous, shm->n_previous, offset);

	if (saved && saved->start <= offset)
		return saved;
	return previous && previous->start <= offset ? previous : NULL;
}

uint64_t shm_saved_size(const struct shm *shm)
{
	uint64_t size = 0;

	for (size_t i = 0; i < shm->n_saved; i++)
		size += shm->saved[i].end - shm->saved[i].start;
	return size;
}

const struct record shm_record = RECORD_OF(struct shm, "shm", shm_fields,
					   "Memory or file contents that no path gives back.");
