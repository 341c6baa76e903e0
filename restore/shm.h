/* SPDX-License-Identifier: MIT */
/* Contents that come from the image: made empty, filled from the page data, finished. */
#ifndef PIMAGE_RESTORE_SHM_H
#define PIMAGE_RESTORE_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct restore;

/*
 * The descriptor to map the object with, in prestore and under the same number in every canvas
 * until PHASE_OPEN. A mapping without VMA_MAY_WRITE must be made with writable unset: it counts as
 * a writer else, and the seals of a memfd cannot be set. -1 for anonymous shared memory, which is
 * mapped as such.
 */
int shm_map_fd(const struct restore *restore, uint32_t id, bool writable);

/* The descriptor to write the contents to; -1 likewise. Cut what is written to the object's size. */
int shm_fill_fd(const struct restore *restore, uint32_t id);

/*
 * Writes contents at an offset: what lies behind the object's size is left out, and huge pages,
 * which cannot be written to, are filled by mapping them. Anonymous shared memory is written where it waits to be mapped.
 */
int shm_fill(const struct restore *restore, uint32_t id, uint64_t offset, const void *data,
	     size_t size, struct err *err);

/* After everything is filled and mapped: permissions and seals. Before commit. */
int shm_finish(struct restore *restore, struct err *err);

#endif
