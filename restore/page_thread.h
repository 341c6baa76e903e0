/* SPDX-License-Identifier: MIT */
/* A page server while the rest of a restore goes on: a thread, because whoever writes to memory that it has in common with a process copies it, page by page. */
#ifndef PIMAGE_PAGE_THREAD_H
#define PIMAGE_PAGE_THREAD_H

#include "format/err.h"
#include "restore/page_server.h"

#include <pthread.h>

struct page_thread {
	struct page_server
		*server; /* the caller's, who leaves it alone until the thread has ended */
	pthread_t thread;
	bool runs;
	int halt[2]; /* a pipe: closing the second end ends it */
	int result;
	struct err err;
};

/* Sets server->halt. If the server fails, the processes are killed at once, so that nobody waits for them. */
int page_thread_start(struct page_thread *thread, struct page_server *server, struct err *err);

/* The server is the caller's again, who may go on with it. Returns what came of it; 0 where it was not started, or has been ended. */
int page_thread_end(struct page_thread *thread, struct err *err);

#endif
