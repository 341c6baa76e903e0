/* SPDX-License-Identifier: MIT */
/* Batches of calls in the process that has the master of a pseudo-terminal, with a slave and pipes that it gets for the time of one. */
#ifndef PIMAGE_DUMP_PTY_BATCH_H
#define PIMAGE_DUMP_PTY_BATCH_H

#include "dump/file_table.h"
#include "kernel/termios2.h"

#include <poll.h>

/* Descriptors that the process gets for the time of a batch: always the lowest that are free. */
enum { SLAVE, READER, WRITER, COPY_READER, COPY_WRITER, MARK_READER, MARK_WRITER, N_FDS };
enum { N_PIPES = 3 };

/*
 * The kernel moves what is on its way while it is read: a full queue comes in pieces, at worst in the buffers of 256 bytes and more
 * that it lies in. Each takes a place in the pipe, of which there is one for every 4096 bytes.
 */
enum { READS = 96, PIPE_SIZE = 512 << 10 };
enum { COPY_READS = 3 };

/* What a batch brought. */
struct taken {
	uint8_t data[COPY_READS][REMOTE_DATA_MAX]; /* PTY_QUEUE_MAX */
	int complete;  /* bytes of whole lines before the change to raw mode */
	int processed; /* bytes that the line discipline had taken */
	int left;      /* bytes that did not fit into the queue again */
	size_t size;
	struct pollfd before; /* whether the slave could be written to before and after TCOON */
	struct pollfd after;
	bool all; /* nothing can have been left in the queue when the first was put back */
};

struct queues {
	struct dump *dump;
	const struct known_pty *known;
	struct tty *tty;
	struct remote *remote;
	struct frozen_thread *thread;
	struct remote_batch *batch;
	uint64_t master; /* descriptors in the process */
	uint64_t fds[N_FDS];
	uint32_t flags; /* of the master */
	struct termios2 now;
	size_t waiting;			/* bytes of output */
	int ends[2 * N_PIPES];		/* what pipe2(2) gave */
	size_t opened[1 + 2 * N_PIPES]; /* calls that open them and set their sizes */
	size_t last_take;		/* the call that must find nothing more */
};

/* Adds a problem of this terminal; the text may have one %zu, for `bytes`. */
void pty_problem(struct queues *q, enum verdict verdict, const char *text, size_t bytes);

/*
 * Foretells the descriptors and tries them. Returns 1; 0 if they are not what they will be, so that a batch would work on others; <0. Those
 * that are closed were free before, whatever happens.
 */
int pty_rehearse(struct queues *q, struct err *err);

/*
 * Between these two: descriptors are open, packet mode is off, the master does not block. pty_end runs the batch; with `taken` it brings the
 * copy of what was taken.
 */
int pty_begin(struct queues *q, struct err *err);
int pty_end(struct queues *q, struct taken *taken, struct err *err);

void push_settings(struct queues *q, const struct termios2 *settings);
void push_count(struct queues *q, uint64_t fd, int *count);
/* Whether the slave can be written to. */
void push_writable(struct queues *q, struct pollfd *poller);

/* Everything out of a queue into the pipe, and the copy. */
void push_take(struct queues *q, uint64_t from);

/*
 * At once, since others run by now if this program was killed since: what they write would come before. The pieces are those of pty_piece(). All of it
 * fits once the line discipline has taken what it can; push_put_rest waits for that, if there were bytes in the pipe at push_mark.
 */
void push_put_back(struct queues *q, uint64_t to);
void push_put_rest(struct queues *q, uint64_t to);

/* For the kernel to move bytes on, which it does in the background; push_wait: if bytes were in the pipe at push_mark. */
void push_pause(struct queues *q);
void push_mark(struct queues *q);
void push_wait(struct queues *q);

#endif
