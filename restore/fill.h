/* SPDX-License-Identifier: MIT */
/* Page data of the image on its way into shared objects and processes. */
#ifndef PIMAGE_FILL_H
#define PIMAGE_FILL_H

#include "format/image_load.h"
#include "restore/restore.h"

struct image_entry;
struct image_reader;
struct page_pool;
struct sink;
struct tid_words;

/*
 * One reading of the page data: shared objects first, since processes map them, then the memory of processes, parents before
 * their children. In a file every entry is found by name; a stream gives each once, in the order of the specification.
 */
struct fill {
	struct steps *steps; /* how far it is; not owned */
	uint64_t done;	     /* bytes of pages of entries that are through; under the pool's lock */
	uint64_t total;
	struct image_reader *reader;
	struct page_pool *pool;
	uint64_t huge;	     /* bytes of a huge page; 0: none are used */
	struct sink **sinks; /* of what has been begun */
	size_t n_sinks;
	struct pages_entry *expected;
	bool *filled; /* of each of them */
	size_t n_expected;
	struct image_pages_walk walk;
	struct fill *before; /* has filled processes that these are copies of; NULL; not owned */
	bool waiting;	     /* the stream stands at the beginning of `next` */
	const struct image_entry *next_entry;
	struct pages_entry next;
};

int fill_start(struct fill *fill, struct image_reader *reader, const struct image *image,
	       struct err *err);
void fill_done(struct fill *fill);

/* KIND_shm, then KIND_memory: all that is not filled yet. The processes stand, with their address spaces laid out. */
int fill_kind(struct fill *fill, struct restore *restore, enum kind kind, struct err *err);

/*
 * The memory of one process, before those that come of it are there. From a stream that of others may come first, and is
 * put where it belongs; fails if those are not there either.
 */
int fill_process(struct fill *fill, struct restore *restore, uint32_t own_pid, struct err *err);

/* One process has come with all its pages, as a copy of what `before` has filled, which must live as long. From a file only. */
void fill_came(struct fill *fill, struct fill *before, uint32_t own_pid);

/* How many threads may write into processes. */
enum { FILL_THREADS_MAX = 16 };
unsigned fill_threads(const struct kernel_features *features);

/* What in the pages of a process may be thread ids, sorted; NULL where that was not noted or is not complete. */
const struct tid_words *fill_tid_words(struct fill *fill, uint32_t own_pid);

#endif
