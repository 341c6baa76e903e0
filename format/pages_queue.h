/* SPDX-License-Identifier: MIT */
/* Entries of page data in the making, cut into tasks that threads can do side by side. For pages_write only. */
#ifndef PIMAGE_PAGES_QUEUE_H
#define PIMAGE_PAGES_QUEUE_H

#include "format/pages_cells.h"
#include "format/pages_task.h"

/* Each thread can have one entry, and one more waits. */
enum { QUEUE_MAX = 17 };

struct page_queue {
	struct page_sink sink;
	struct queued_entry entries[QUEUE_MAX]; /* a ring */
	size_t oldest;
	size_t n_entries;
	size_t room;	  /* how many there may be */
	size_t doubt;	  /* that an entry goes on as it begins: grows with mistakes, see there */
	unsigned writing; /* tasks that were taken */
	bool digests;	  /* to be made */
	bool streaming;	  /* an entry may be written before its size is known */
	int level;
	struct page_cells cells;
};

void page_queue_init(struct page_queue *queue, const struct page_writer_options *options,
		     const struct page_sink *sink);
void page_queue_free(struct page_queue *queue);

/* Behind the others; there must be room. Takes over the source also if it fails. */
int page_queue_add(struct page_queue *queue, const char *name, const struct page_source *pages,
		   uint64_t size, void (*release)(void *context), struct err *err);

/*
 * A task that a worker, counted from 0, can do now; false: there is none. Who has made a frame writes it and digests it too if that can be done
 * at once, because it is in the caches of that processor then. After task_do, page_queue_done.
 */
bool page_queue_take(struct page_queue *queue, unsigned worker, struct task *ret_task);
void page_queue_done(struct page_queue *queue, const struct task *task);

/* Nobody has taken any task: what cannot be done now never can, for want of memory. */
bool page_queue_idle(const struct page_queue *queue);

/* Frames that nobody has taken. */
size_t page_queue_frames(const struct page_queue *queue);

/* The oldest entry; there must be one. */
struct queued_entry *page_queue_oldest(struct page_queue *queue);

/* A frame of it could not be made, and nobody works at it any more. */
bool page_queue_failed(const struct queued_entry *entry);

/* The oldest, which has ended, leaves. */
void page_queue_drop(struct page_queue *queue);

#endif
