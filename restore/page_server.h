/* SPDX-License-Identifier: MIT */
/* Gives running processes the pages that they were started without. */
#ifndef PIMAGE_PAGE_SERVER_H
#define PIMAGE_PAGE_SERVER_H

#include "format/runs.h"
#include "kernel/pending.h"
#include "restore/wanted.h"

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct image;
struct image_memory;
struct image_reader;
struct kernel_features;
struct recorder;

/* An address space whose pages come from here. */
struct page_client {
	int uffd;
	pid_t pid;		     /* 0: born since, of one of the others */
	uint32_t own_pid;	     /* whose saved pages these are */
	struct image_memory *memory; /* they; shared with those that are born of it */
	struct runs runs;	     /* offsets in `pending` are those of these */
	struct pending pending;
	struct wanted wanted; /* what comes before the rest */
	uint64_t next;	      /* the address from which on the rest is given, in ascending order */
	uint64_t *retries;    /* faults that could not be answered before an event was read */
	size_t n_retries;
};

struct page_server {
	struct image_reader *reader;
	const struct image *image;
	const struct kernel_features *features;
	struct page_client *clients;
	size_t n_clients;
	size_t last; /* the client that got pages last */
	int go; /* nothing is given unasked before this descriptor has a byte, or is at its end; -1: at once */
	int halt; /* the run ends when there is something to be read, or its end; -1: never */
	uint64_t rests_until; /* CLOCK_MONOTONIC: nothing is given unasked before that either */
	struct recorder *
		recorder; /* is told who asks; nothing is given unasked; NULL: none, or `go` ended without a byte */
	bool lost; /* a process ended before it had all */
};

/*
 * Answers page faults as they come and gives the rest meanwhile: first what is wanted, by order of wish, then what is near to where
 * the last fault was, until all pages are in or all processes are gone; a client's descriptor is closed when it has all of its own. Fails when the image is damaged: then
 * nobody has got anything wrong, but somebody may be waiting. Returns enum served: what is not all may go
 * on by another call.
 */
enum served {
	SERVED_ALL,
	SERVED_RECORDED, /* the time of the recorder is over: take that away */
	SERVED_HALTED,
};
int page_server_run(struct page_server *server, struct err *err);

/*
 * After a failure: kills the clients with all that is born of them, and lets fail whatever touches a missing page until then.
 */
void page_server_kill(const struct page_server *server);

void page_server_done(struct page_server *server);

#endif
