/* SPDX-License-Identifier: MIT */
/* Contents that live only in the image: anonymous shared memory, memfds, deleted files. */
#ifndef PIMAGE_SHM_H
#define PIMAGE_SHM_H

#include "format/record.h"

enum shm_kind {
	SHM_ANONYMOUS = 1, /* MAP_SHARED | MAP_ANONYMOUS */
	SHM_MEMFD,
	SHM_DELETED_FILE,
};

struct shm {
	uint32_t id;
	uint32_t kind;
	char *name;
	uint64_t size;
	uint32_t mode;
	uint32_t seals;
	uint64_t huge_page_size;
	struct range *saved;
	size_t n_saved;
	struct range *previous;
	size_t n_previous;
	uint32_t before;
};

extern const struct name shm_kind_names[];
extern const struct record shm_record;

/*
 * Of the pages that the image has, or one that it leads to: the range of the lists saved and previous that holds the offset;
 * NULL.
 */
const struct range *shm_stored(const struct shm *shm, uint64_t offset);

/* Bytes of pages in the image. */
uint64_t shm_saved_size(const struct shm *shm);

#endif
