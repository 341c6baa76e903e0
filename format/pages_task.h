/* SPDX-License-Identifier: MIT */
/* Pieces of the work at entries of page data, each done by one thread without any lock. For pages_queue and pages_write only. */
#ifndef PIMAGE_PAGES_TASK_H
#define PIMAGE_PAGES_TASK_H

#include "format/digest.h"
#include "format/err.h"
#include "format/pages.h"

#define PLACE_UNKNOWN UINT64_MAX

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
	uint64_t bytes;	 /* written */
	uint64_t
		place; /* of its first byte in the sink, foreseen if it has not begun; PLACE_UNKNOWN */
	unsigned owner; /* the worker whose caches have it, counted from 1 */
	bool digesting;
	bool writing;
	bool begun;    /* in the sink */
	bool ended;    /* the sink has all of it */
	bool again;    /* to be made anew, once nobody works at it */
	unsigned busy; /* tasks that were taken */
	struct digest_state state;
	struct digest digest;
	size_t failed; /* the first frame that failed, so that the message does not depend on timing */
	struct err err;
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

enum task_kind {
	TASK_WRITE,
	TASK_DIGEST,
	TASK_FRAME,
};

struct task {
	enum task_kind kind;
	struct queued_entry *entry;
	unsigned worker;
	size_t first;	   /* part: the frame, or what is written or digested */
	size_t count;	   /* 0: no part is to be written */
	bool ahead;	   /* of its turn */
	bool begins, ends; /* the entry, in the sink */
	uint64_t size;	   /* of the entry, where it begins or ends; 0: not known yet */
	uint64_t place;	   /* where it began */
	uint8_t *cell;	   /* for the frame */
	struct page_frame made;
	int result;
	struct err err;
};

/* What was written ahead stands where the entry does not begin; then nothing was written. */
bool task_misplaced(const struct task *task);

void task_do(const struct page_sink *sink, bool digests, struct task *task,
	     struct frame_maker *maker);

/* Bytes of pages in a frame of the entry. */
size_t frame_pages(const struct queued_entry *entry, size_t index);

#endif
