/* SPDX-License-Identifier: MIT */
/* How a batch of remote calls is kept. For remote_batch, which lays it out, and remote_run. */
#ifndef PIMAGE_REMOTE_BATCH_H
#define PIMAGE_REMOTE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/err.h"
#include "kernel/borrow.h"
#include "kernel/remote.h"

/*
 * What fills the scratch memory once: calls from its start upwards, data from its end downwards. Here each has but the room it takes: of hundreds
 * of processes at the same time.
 */
struct part {
	struct part *next;
	struct remote_call *list;
	size_t calls, call_room;
	char *bytes;	   /* the data, which ends where its room does */
	size_t data, room; /* in bytes */
	size_t first_blob; /* those of this part follow one another */
	size_t n_blobs;	   /* not 0: some of the data is to be copied back */
};

/* Data that comes from or goes to a buffer of the caller. */
struct blob {
	size_t back; /* from the end of the data of its part */
	void *buffer;
	size_t length;
	bool in; /* sent before each run */
};

/* Where a call is; lists grow. */
struct place {
	const struct part *part;
	size_t index;
};

struct remote_batch {
	pid_t pid;
	uint64_t scratch;
	size_t size;	 /* of the scratch memory, or of its slice */
	size_t data_max; /* for a call together */
	bool slice;
	bool small;
	struct part *first;
	struct part *last;
	struct place *calls;
	size_t n_calls, call_room;
	struct blob *blobs;
	size_t n_blobs, blob_room;
	struct borrowing run; /* of remote_begin, as the next two */
	const struct remote *remote;
	int64_t proof;	/* 0: there is none */
	bool fetched;	/* the answers are here already: of a run that has not ended */
	uint64_t sent;	/* remote->sends then; 0: never */
	size_t pending; /* bytes of data for the call that is pushed next */
	struct err err;
	bool failed;
};

/* The data of a part from so many bytes before its end on. */
static inline char *part_data(const struct part *part, size_t back)
{
	return part->bytes + part->room - back;
}

#endif
