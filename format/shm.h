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
};

extern const struct name shm_kind_names[];
extern const struct record shm_record;

/* Bytes of pages in the image. */
uint64_t shm_saved_size(const struct shm *shm);

#endif
