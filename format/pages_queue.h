/* SPDX-License-Identifier: MIT */
/* Entries of page data in the making, cut into tasks that threads can do side by side. For pages_write only. */
#ifndef PIMAGE_PAGES_QUEUE_H
#define PIMAGE_PAGES_QUEUE_H

#include "format/digest.h"
#include "format/err.h"
#include "format/pages.h"
#include "format/pages_cells.h"

/* Of the parts of an entry, which are its frames and then the seek table, each is made, digested and written in order. */
struct queued_entry {
	char *name;
	struct page_source source;
	void (*release)(void *context);
	uint64_t size; /* of pages */

	struct page_frame *frames;
	struct iovec *parts; /* each frame in a cell */
	uint8_t *table;
	size_t n_frames;
	size_t next;	 /* frame to be taken */
	size_t made;	 /* parts, from the first on without a gap */
	size_t digested; /* parts */
	size_t written;	 /* parts */
	size_t released; /* parts */
	bool digesting;
	bool begun;    /* to be written */
	bool ended;    /* the sink has all of it */
	unsigned busy; /* tasks that were taken */
	struct digest_state state;
	struct digest digest;
	size_t failed; /* the first frame that failed, so that the message does not depend on timing */
	struct err err;
};

struct page_queue {
	struct page_sink sink;
	struct queued_entry entries[PAGES_ENTRIES_MAX]; /* a ring */
	size_t oldest;
	size_t n_entries;
	size_t room;	/* how many there may be */
	bool digests;	/* to be made */
	bool streaming; /* an entry may be written before its size is known */
	bool writing;	/* one thread at a time */
	int level;
	struct page_cells cells;
};

/* What one thread needs to make frames. */
struct frame_maker {
	struct page_coder *coder;
	int level;
	uint8_t *pages;
	bool raw; /* the last frame was one of pages as they are: the next may be, too */
};

int frame_maker_init(struct frame_maker *maker, int level, struct err *err);
void frame_maker_done(struct frame_maker *maker);

/*
 * A piece of work that was taken by one thread. Who has made a frame writes it and digests it too if that can be done at once, because it is in the
 * caches of that processor then.
 */
enum task_kind {
	TASK_WRITE,
	TASK_DIGEST,
	TASK_FRAME,
};

struct task {
	enum task_kind kind;
	struct queued_entry *entry;
	size_t first;	   /* part: the frame, or what is written or digested */
	size_t count;	   /* 0: no part is to be written */
	bool begins, ends; /* the entry, in the sink */
	uint64_t size;	   /* of the entry, where it begins or ends; 0: not known yet */
	uint8_t *cell;	   /* for the frame */
	struct page_frame made;
	int result;
	struct err err;
};

/* Without any lock. */
void task_do(const struct page_queue *queue, struct task *task, struct frame_maker *maker);

void page_queue_init(struct page_queue *queue, const struct page_writer_options *options,
		     const struct page_sink *sink);
void page_queue_free(struct page_queue *queue);

/* Behind the others; there must be room. Takes over the source also if it fails. */
int page_queue_add(struct page_queue *queue, const char *name, const struct page_source *pages,
		   uint64_t size, void (*release)(void *context), struct err *err);

/* A task that can be done now; false: there is none. After task_do, page_queue_done. */
bool page_queue_take(struct page_queue *queue, struct task *ret_task);
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
