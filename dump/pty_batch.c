/* SPDX-License-Identifier: MIT */
#include "dump/pty_batch.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/pty.h"
#include "kernel/readfile.h"
#include "kernel/remote_stack.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>

void pty_problem(struct queues *q, enum verdict verdict, const char *text, size_t bytes)
{
	char object[32];

	snprintf(object, sizeof(object), "/dev/pts/%u", q->known->number);
	problems_add(&q->dump->problems, verdict, object, text, bytes);
}

static int predict(struct queues *q, struct err *err)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	uint32_t next = 0;
	size_t count, k = 0;

	if (list_numbers_at(q->known->holder->proc, "fd", &numbers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < N_FDS; next++) {
		if (k < count && numbers[k] == next)
			k++;
		else
			q->fds[i++] = next;
	}
	return 0;
}

static void push_flag(struct queues *q, unsigned long request, int value)
{
	remote_push(q->batch, REMOTE_CALL(ioctl, q->master, request,
					  remote_data(q->batch, &value, sizeof(value))));
}

/* The pipe of the mark has room for one write. */
static void push_open(struct queues *q)
{
	static const int sizes[N_PIPES] = { PIPE_SIZE, PIPE_SIZE, 4096 };

	if (q->tty->pair->locked)
		push_flag(q, TIOCSPTLCK, 0);
	q->opened[0] =
		remote_push(q->batch, REMOTE_CALL(ioctl, q->master, TIOCGPTPEER,
						  O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
	for (size_t i = 0; i < N_PIPES; i++) {
		q->opened[1 + 2 * i] =
			remote_push(q->batch, REMOTE_CALL(pipe2,
							  remote_out(q->batch, q->ends + 2 * i,
								     2 * sizeof(*q->ends)),
							  O_CLOEXEC | O_NONBLOCK));
		q->opened[2 + 2 * i] =
			remote_push(q->batch, REMOTE_CALL(fcntl, q->fds[READER + 2 * i],
							  F_SETPIPE_SZ, (uint64_t)sizes[i]));
	}
}

int pty_begin(struct queues *q, struct err *err)
{
	remote_batch_free(q->batch);
	q->batch = NULL;
	if (remote_map_scratch(q->remote, q->thread, err) < 0)
		return -1;
	q->batch = remote_batch_new(q->remote);
	if (!q->batch)
		return err_sys(err, "out of memory");
	push_open(q);
	if (q->tty->pair->packet)
		push_flag(q, TIOCPKT, 0);
	remote_push(q->batch, REMOTE_CALL(fcntl, q->master, F_SETFL, q->flags | O_NONBLOCK));
	return 0;
}

static void push_close(struct queues *q)
{
	for (size_t i = N_FDS; i-- > 0;)
		remote_push(q->batch, REMOTE_CALL(close, q->fds[i]));
	if (q->tty->pair->locked)
		push_flag(q, TIOCSPTLCK, 1);
}

/* The copy, in some reads because of REMOTE_DATA_MAX. */
static void push_reads(struct queues *q, struct taken *taken, size_t ret_reads[COPY_READS])
{
	push_count(q, q->fds[READER], &taken->left);
	for (size_t i = 0; i < COPY_READS; i++)
		ret_reads[i] =
			remote_push(q->batch, REMOTE_CALL(read, q->fds[COPY_READER],
							  remote_out(q->batch, taken->data[i],
								     sizeof(taken->data[i])),
							  sizeof(taken->data[i])));
}

int pty_end(struct queues *q, struct taken *taken, struct err *err)
{
	size_t reads[COPY_READS];

	remote_push(q->batch, REMOTE_CALL(fcntl, q->master, F_SETFL, q->flags));
	if (q->tty->pair->packet)
		push_flag(q, TIOCPKT, 1);
	if (taken)
		push_reads(q, taken, reads);
	push_close(q);
	/* Not by remote_run, which would divide what does not fit. */
	if (remote_begin(q->remote, q->thread, q->batch, 0, err) < 0 ||
	    remote_end(q->remote, q->batch, err) < 0)
		return -1;
	if (!taken)
		return 0;
	for (size_t i = 0; i < COPY_READS; i++)
		if (remote_result(q->batch, reads[i]) > 0)
			taken->size += (size_t)remote_result(q->batch, reads[i]);
	taken->all = remote_result(q->batch, q->last_take) == -EAGAIN;
	if (remote_result(q->batch, q->last_take) == -EINVAL)
		return err_set(err, ERR_UNSUPPORTED, "this kernel cannot splice from terminals");
	return 0;
}

int pty_rehearse(struct queues *q, struct err *err)
{
	if (predict(q, err) < 0 || pty_begin(q, err) < 0 || pty_end(q, NULL, err) < 0)
		return -1;
	if (remote_result(q->batch, q->opened[0]) != (int64_t)q->fds[SLAVE])
		return 0;
	for (size_t i = 0; i < 2 * N_PIPES; i++)
		if (remote_result(q->batch, q->opened[1 + i]) < 0 ||
		    q->ends[i] != (int)q->fds[READER + i])
			return 0;
	return 1;
}

void push_settings(struct queues *q, const struct termios2 *settings)
{
	remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCSETS2,
					  remote_data(q->batch, settings, sizeof(*settings))));
}

void push_writable(struct queues *q, struct pollfd *poller)
{
	const struct timespec now = { 0 };

	*poller = (struct pollfd){ .fd = (int)q->fds[SLAVE], .events = POLLOUT };
	remote_push(q->batch, REMOTE_CALL(ppoll, remote_inout(q->batch, poller, sizeof(*poller)), 1,
					  remote_data(q->batch, &now, sizeof(now))));
}

/* ppoll(2) forgets no call that is to be restarted. */
static void push_poll(struct queues *q, const struct pollfd *poller, long nanoseconds)
{
	const struct timespec most = { .tv_nsec = nanoseconds };
	uint64_t address = poller ? remote_data(q->batch, poller, sizeof(*poller)) : 0;

	remote_push(q->batch, REMOTE_CALL(ppoll, address, poller != NULL,
					  remote_data(q->batch, &most, sizeof(most))));
}

/* n_tty.c: poll(2) waits for what is on its way to a reader who has nothing to read yet, however long that takes. */
static void push_arrive(struct queues *q)
{
	const struct pollfd poller = { .fd = (int)q->fds[SLAVE], .events = POLLIN };

	push_poll(q, &poller, 0);
}

void push_pause(struct queues *q)
{
	push_arrive(q);
	push_poll(q, NULL, 1000000);
}

/* The same if any were taken: then the pipe of the mark is full. */
void push_wait(struct queues *q)
{
	const struct pollfd poller = { .fd = (int)q->fds[MARK_WRITER], .events = POLLOUT };

	push_poll(q, &poller, 1000000);
}

void push_count(struct queues *q, uint64_t fd, int *count)
{
	remote_push(q->batch,
		    REMOTE_CALL(ioctl, fd, FIONREAD, remote_out(q->batch, count, sizeof(*count))));
}

void push_take(struct queues *q, uint64_t from)
{
	for (int i = 0; i < READS; i++)
		q->last_take = remote_push(q->batch, REMOTE_CALL(splice, from, 0, q->fds[WRITER], 0,
								 PIPE_SIZE, SPLICE_F_NONBLOCK));
	remote_push(q->batch, REMOTE_CALL(tee, q->fds[READER], q->fds[COPY_WRITER], PIPE_SIZE,
					  SPLICE_F_NONBLOCK));
}

/* From here on push_wait waits, if bytes are in the pipe now. */
void push_mark(struct queues *q)
{
	remote_push(q->batch,
		    REMOTE_CALL(tee, q->fds[READER], q->fds[MARK_WRITER], 1, SPLICE_F_NONBLOCK));
}

static void push_put(struct queues *q, uint64_t to, size_t piece)
{
	remote_push(q->batch,
		    REMOTE_CALL(splice, q->fds[READER], 0, to, 0, piece, SPLICE_F_NONBLOCK));
}

void push_put_back(struct queues *q, uint64_t to)
{
	for (size_t done = 0; done < PTY_QUEUE_MAX; done += pty_piece(done))
		push_put(q, to, pty_piece(done));
}

static void push_put_small(struct queues *q, uint64_t to, size_t size)
{
	for (size_t done = 0; done < size; done += PTY_SMALL)
		push_put(q, to, PTY_SMALL);
}

void push_put_rest(struct queues *q, uint64_t to)
{
	static const size_t pieces[] = { 1024, 1024, 1024, 1024, 1792, 1792 };

	push_arrive(q);
	push_wait(q);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		push_put(q, to, pieces[i]);
	push_put_small(q, to, PTY_QUEUE_MAX - PTY_FRESH_MAX);
	push_wait(q);
	push_put(q, to, PIPE_SIZE);
}
