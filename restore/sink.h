/* SPDX-License-Identifier: MIT */
/* Where the saved pages of one process or object belong. */
#ifndef PIMAGE_SINK_H
#define PIMAGE_SINK_H

#include "format/image.h"
#include "format/runs.h"
#include "restore/collapse.h"
#include "restore/tid_words.h"

struct canvas;
struct err;
struct restore;

struct sink {
	struct restore *restore;
	enum kind kind; /* KIND_memory or KIND_shm */
	uint32_t id;
	struct canvas *canvas; /* NULL: an object */
	int fd;		       /* of anonymous shared memory, else -1; not its own */
	struct runs runs;      /* of all its saved pages */
	struct collapse collapse;
	struct range *later; /* ranges of addresses whose pages are left out here: --lazy */
	size_t n_later;
	struct range vdso; /* where this kernel's is, if that is the saved one; else empty */
	struct tid_words tid_words;
};

/* The process or the object has to stand. huge: bytes of a huge page, or 0. */
int sink_open(struct restore *restore, enum kind kind, uint32_t id, uint64_t huge,
	      struct sink **ret_sink, struct err *err);
void sink_free(struct sink *sink);

/* Counted over all saved pages of the object: where the page at an address stands. */
uint64_t sink_offset(const struct sink *sink, uint64_t address);

/* The first address that is not in these pages any more. */
uint64_t sink_end(const struct sink *sink, uint64_t offset, uint64_t size);

/* Whether any of these pages has a place now. */
bool sink_wants(const struct sink *sink, uint64_t offset, size_t size);

/* Puts pages in place, with --verify also reads them back. From several threads at once. */
int sink_put(struct sink *sink, uint64_t offset, const void *pages, size_t size, struct err *err);

#endif
