/* SPDX-License-Identifier: MIT */
/*
 * The kernel lets nobody look at what waits in a terminal without taking it. So the process that has the master takes it
 * and puts it back in one batch, which it finishes even if this program is killed meanwhile: the bytes go
 * through a pipe, of which a copy is made on the way (tee(2)), so that no call needs to know how many they are.
 */
#include "dump/pty.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/pty.h"
#include "kernel/readfile.h"
#include "kernel/termios2.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <time.h>

/* Descriptors that the process gets for the time of a batch: always the lowest that are free. */
enum { SLAVE, READER, WRITER, COPY_READER, COPY_WRITER, MARK_READER, MARK_WRITER, N_FDS };
enum { N_PIPES = 3 };

/* More often than what a queue can hold is ever divided. */
enum { READS = 32, PIPE_SIZE = 256 << 10 };

/* What a batch brought. */
struct taken {
	uint8_t data[2][REMOTE_DATA_MAX];
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
	int ends[2 * N_PIPES]; /* what pipe2(2) gave */
};

static void problem(struct queues *q, enum verdict verdict, const char *text, size_t bytes)
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

static void push_open(struct queues *q, size_t ret_calls[1 + N_PIPES])
{
	if (q->tty->pair->locked)
		push_flag(q, TIOCSPTLCK, 0);
	ret_calls[0] =
		remote_push(q->batch, REMOTE_CALL(ioctl, q->master, TIOCGPTPEER,
						  O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
	for (size_t i = 0; i < N_PIPES; i++)
		ret_calls[1 + i] =
			remote_push(q->batch, REMOTE_CALL(pipe2,
							  remote_out(q->batch, q->ends + 2 * i,
								     2 * sizeof(*q->ends)),
							  O_CLOEXEC | O_NONBLOCK));
}

static void push_close(struct queues *q)
{
	for (size_t i = N_FDS; i-- > 0;)
		remote_push(q->batch, REMOTE_CALL(close, q->fds[i]));
	if (q->tty->pair->locked)
		push_flag(q, TIOCSPTLCK, 1);
}

static struct remote_batch *start(struct queues *q)
{
	remote_batch_free(q->batch);
	q->batch = remote_batch_new(q->remote);
	return q->batch;
}

/*
 * Whether the descriptors are what they will be: a batch that worked on others could do anything. Those that are closed were free
 * before, whatever happens.
 */
static int rehearse(struct queues *q, struct err *err)
{
	size_t calls[1 + N_PIPES];

	if (predict(q, err) < 0)
		return -1;
	if (!start(q))
		return err_sys(err, "out of memory");
	push_open(q, calls);
	push_close(q);
	if (remote_run(q->remote, q->thread, q->batch, err) < 0)
		return -1;
	if (remote_result(q->batch, calls[0]) != (int64_t)q->fds[SLAVE])
		return 0;
	for (size_t i = 0; i < 2 * N_PIPES; i++)
		if (remote_result(q->batch, calls[1 + i / 2]) < 0 ||
		    q->ends[i] != (int)q->fds[READER + i])
			return 0;
	return 1;
}

static void push_settings(struct queues *q, const struct termios2 *settings)
{
	remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCSETS2,
					  remote_data(q->batch, settings, sizeof(*settings))));
}

/* Whether the slave can be written to. */
static void push_writable(struct queues *q, struct pollfd *poller)
{
	const struct timespec now = { 0 };

	*poller = (struct pollfd){ .fd = (int)q->fds[SLAVE], .events = POLLOUT };
	remote_push(q->batch, REMOTE_CALL(ppoll, remote_inout(q->batch, poller, sizeof(*poller)), 1,
					  remote_data(q->batch, &now, sizeof(now))));
}

static void push_poll(struct queues *q, const struct pollfd *poller, long nanoseconds)
{
	const struct timespec most = { .tv_nsec = nanoseconds };
	uint64_t address = poller ? remote_data(q->batch, poller, sizeof(*poller)) : 0;

	remote_push(q->batch, REMOTE_CALL(ppoll, address, poller != NULL,
					  remote_data(q->batch, &most, sizeof(most))));
}

/* For the kernel to move bytes on, which it does in the background. ppoll(2) forgets no call that is to be restarted. */
static void push_pause(struct queues *q)
{
	push_poll(q, NULL, 1000000);
}

/* The same if any were taken: then the pipe of the mark is full. */
static void push_wait(struct queues *q)
{
	const struct pollfd poller = { .fd = (int)q->fds[MARK_WRITER], .events = POLLOUT };

	push_poll(q, &poller, 1000000);
}

static void push_count(struct queues *q, uint64_t fd, int *count)
{
	remote_push(q->batch,
		    REMOTE_CALL(ioctl, fd, FIONREAD, remote_out(q->batch, count, sizeof(*count))));
}

/* Everything out of a queue into the pipe, and the copy. Returns the call that must find nothing more. */
static size_t push_take(struct queues *q, uint64_t from)
{
	size_t last = 0;

	for (int i = 0; i < READS; i++)
		last = remote_push(q->batch, REMOTE_CALL(splice, from, 0, q->fds[WRITER], 0,
							 PIPE_SIZE, SPLICE_F_NONBLOCK));
	remote_push(q->batch, REMOTE_CALL(tee, q->fds[READER], q->fds[COPY_WRITER], PIPE_SIZE,
					  SPLICE_F_NONBLOCK));
	remote_push(q->batch,
		    REMOTE_CALL(tee, q->fds[READER], q->fds[MARK_WRITER], 1, SPLICE_F_NONBLOCK));
	return last;
}

/* A line discipline that is full takes a while to become so. */
static void push_put_back(struct queues *q, uint64_t to)
{
	size_t done = 0;

	while (done < PTY_QUEUE_MAX) {
		size_t piece = pty_piece(done);

		remote_push(q->batch, REMOTE_CALL(splice, q->fds[READER], 0, to, 0, piece,
						  SPLICE_F_NONBLOCK));
		done += piece;
		if (done == PTY_LINE_MAX)
			push_wait(q);
	}
	push_wait(q);
	remote_push(q->batch,
		    REMOTE_CALL(splice, q->fds[READER], 0, to, 0, PIPE_SIZE, SPLICE_F_NONBLOCK));
}

static void push_begin(struct queues *q)
{
	size_t calls[1 + N_PIPES];

	push_open(q, calls);
	for (size_t i = READER; i <= COPY_READER; i += 2)
		remote_push(q->batch, REMOTE_CALL(fcntl, q->fds[i], F_SETPIPE_SZ, PIPE_SIZE));
	remote_push(q->batch, REMOTE_CALL(fcntl, q->fds[MARK_READER], F_SETPIPE_SZ, 4096));
	if (q->tty->pair->packet)
		push_flag(q, TIOCPKT, 0);
	remote_push(q->batch, REMOTE_CALL(fcntl, q->master, F_SETFL, q->flags | O_NONBLOCK));
}

static void push_end(struct queues *q, struct taken *taken, size_t ret_reads[2])
{
	remote_push(q->batch, REMOTE_CALL(fcntl, q->master, F_SETFL, q->flags));
	if (q->tty->pair->packet)
		push_flag(q, TIOCPKT, 1);
	push_count(q, q->fds[READER], &taken->left);
	for (size_t i = 0; i < 2; i++)
		ret_reads[i] =
			remote_push(q->batch, REMOTE_CALL(read, q->fds[COPY_READER],
							  remote_out(q->batch, taken->data[i],
								     sizeof(taken->data[i])),
							  sizeof(taken->data[i])));
	push_close(q);
}

/* Puts the copy together. */
static int finish(struct queues *q, struct taken *taken, size_t last, const size_t reads[2],
		  struct err *err)
{
	int64_t n = remote_result(q->batch, reads[0]), more = remote_result(q->batch, reads[1]);

	taken->all = remote_result(q->batch, last) == -EAGAIN;
	taken->size = (n > 0 ? (size_t)n : 0) + (more > 0 ? (size_t)more : 0);
	if (remote_result(q->batch, last) == -EINVAL)
		return err_set(err, ERR_UNSUPPORTED, "this kernel cannot splice from terminals");
	if (!taken->all)
		problem(q, VERDICT_APPROXIMATED,
			"what waits in it came while it was read and is out of order (%zu bytes)",
			taken->size);
	return 0;
}

static int take_bytes(const struct taken *taken, size_t from, size_t to, struct bytes *ret,
		      struct err *err)
{
	const uint8_t *data = taken->data[0]; /* one after the other */

	if (from >= to)
		return 0;
	ret->data = malloc(to - from);
	if (!ret->data)
		return err_sys(err, "out of memory");
	memcpy(ret->data, data + from, to - from);
	ret->size = to - from;
	return 0;
}

/* The rest of what had no room at once. Nobody reads meanwhile, so there is room in the end. */
static int put_rest(struct queues *q, const struct taken *taken, uint64_t to,
		    const struct termios2 *settings, struct err *err)
{
	const uint8_t *data = taken->data[0];
	size_t left = (size_t)taken->left, write, calls[1 + N_PIPES];

	for (int tries = 0; left > 0 && tries < 100; tries++) {
		int64_t n;

		if (!start(q))
			return err_sys(err, "out of memory");
		push_open(q, calls);
		push_settings(q, settings);
		write = remote_push(q->batch,
				    REMOTE_CALL(write, to,
						remote_data(q->batch, data + taken->size - left,
							    MIN(left, (size_t)1024)),
						MIN(left, (size_t)1024)));
		push_settings(q, &q->now);
		push_close(q);
		if (remote_run(q->remote, q->thread, q->batch, err) < 0)
			return -1;
		n = remote_result(q->batch, write);
		left -= n > 0 ? (size_t)n : 0;
	}
	if (left)
		problem(q, VERDICT_LOST, "%zu bytes, also for the program itself", left);
	return 0;
}

/* What was stopped had to be started for its bytes to be put back. */
static int stop_again(struct queues *q, const struct taken *taken, struct err *err)
{
	const int flow = 0; /* TCOOFF */
	struct tty_pair *pair = q->tty->pair;
	size_t calls[1 + N_PIPES];

	if (taken->before.revents & POLLOUT)
		return 0;
	pair->stopped = taken->after.revents & POLLOUT ? TTY_STOPPED_FLOW : TTY_STOPPED_CHARACTER;
	if (!start(q))
		return err_sys(err, "out of memory");
	push_open(q, calls);
	if (pair->stopped == TTY_STOPPED_FLOW)
		remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCXONC, flow));
	else
		remote_push(q->batch,
			    REMOTE_CALL(write, q->master,
					remote_data(q->batch, &q->now.c_cc[VSTOP], 1), 1));
	push_close(q);
	return remote_run(q->remote, q->thread, q->batch, err);
}

static int collect_output(struct queues *q, struct err *err)
{
	_cleanup_free_ struct taken *taken = calloc(1, sizeof(*taken));
	struct termios2 neutral, started;
	size_t last, reads[2];

	if (!taken || !start(q))
		return err_sys(err, "out of memory");
	pty_neutral(&q->now, false, 0, &neutral);
	neutral.c_lflag = q->now.c_lflag; /* lines of input stay as they are */
	started = neutral;
	started.c_iflag &= ~(tcflag_t)IXON;
	push_begin(q);
	last = push_take(q, q->master);
	push_writable(q, &taken->before);
	remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCXONC, 1 /* TCOON */));
	push_writable(q, &taken->after);
	push_settings(q, &started);
	push_put_back(q, q->fds[SLAVE]);
	push_settings(q, &q->now);
	push_end(q, taken, reads);
	if (remote_run(q->remote, q->thread, q->batch, err) < 0 ||
	    finish(q, taken, last, reads, err) < 0)
		return -1;
	if (taken->left > 0 && put_rest(q, taken, q->fds[SLAVE], &neutral, err) < 0)
		return -1;
	return take_bytes(taken, 0, taken->size, &q->tty->pair->output, err) < 0
		       ? -1
		       : stop_again(q, taken, err);
}

static bool ends_line(const struct termios2 *now, uint8_t byte)
{
	return byte == '\n' || (byte && (byte == now->c_cc[VEOL] || byte == now->c_cc[VEOL2]));
}

/*
 * The kernel keeps an end of file as a byte of 0 with a mark, and marks cannot be read. But it has told how many bytes there are in
 * whole lines without them: either all zeros are marks, or none is.
 */
static int find_ends(struct queues *q, const struct taken *taken, struct err *err)
{
	struct tty_pair *pair = q->tty->pair;
	size_t lines = 0, lines_and_ends = 0, zeros = 0, kept = 0;
	struct bytes *input = &pair->input;

	for (size_t i = 0; i < input->size; i++) {
		zeros += input->data[i] == 0;
		if (ends_line(&q->now, input->data[i]))
			lines = i + 1;
		if (ends_line(&q->now, input->data[i]) || !input->data[i])
			lines_and_ends = i + 1 - zeros;
	}
	if (lines == (size_t)taken->complete && (!zeros || lines_and_ends != lines))
		return 0;
	if (lines_and_ends != (size_t)taken->complete || !zeros) {
		pair->pushed = taken->complete > 0;
		return 0;
	}
	for (size_t i = 0; i < input->size; i++) {
		uint32_t *end;

		if (input->data[i]) {
			input->data[kept++] = input->data[i];
			continue;
		}
		end = LIST_ADD(pair, ends, err);
		if (!end)
			return -1;
		*end = (uint32_t)kept;
	}
	input->size = kept;
	return 0;
}

/* As a restore does it, now that it is known what it was. */
static int put_again(struct queues *q, struct err *err)
{
	_cleanup_free_ uint8_t *text = NULL;
	const struct tty_pair *pair = q->tty->pair;
	struct termios2 neutral;
	size_t size, calls[1 + N_PIPES];

	if (pty_input(&q->now, pair->input.data, pair->input.size, pair->ends, pair->n_ends,
		      pair->pushed, &neutral, &text, &size, err) < 0)
		return -1;
	if (!start(q))
		return err_sys(err, "out of memory");
	push_open(q, calls);
	push_settings(q, &neutral);
	remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCFLSH, 0 /* TCIFLUSH */));
	remote_push(q->batch,
		    REMOTE_CALL(write, q->master, remote_data(q->batch, text, size), size));
	push_pause(q);
	push_settings(q, &q->now);
	push_close(q);
	return remote_run(q->remote, q->thread, q->batch, err);
}

static int collect_input(struct queues *q, struct err *err)
{
	_cleanup_free_ struct taken *taken = calloc(1, sizeof(*taken));
	struct tty_pair *pair = q->tty->pair;
	bool lines = pty_canonical(&q->now);
	struct termios2 raw, neutral;
	size_t last, reads[2];

	if (!taken || !start(q))
		return err_sys(err, "out of memory");
	pty_neutral(&q->now, false, 0, &raw);
	pty_neutral(&q->now, lines, 0, &neutral);
	push_begin(q);
	push_count(q, q->fds[SLAVE], &taken->complete);
	push_settings(q, &raw);
	push_count(q, q->fds[SLAVE], &taken->processed);
	last = push_take(q, q->fds[SLAVE]);
	push_settings(q, &neutral);
	push_put_back(q, q->master);
	push_settings(q, &q->now);
	push_end(q, taken, reads);
	if (remote_run(q->remote, q->thread, q->batch, err) < 0 ||
	    finish(q, taken, last, reads, err) < 0)
		return -1;
	/* It belongs behind what the line discipline has no room for. */
	if (taken->left > 0 && put_rest(q, taken, q->master, &q->now, err) < 0)
		return -1;
	if (take_bytes(taken, 0, (size_t)taken->processed, &pair->input, err) < 0 ||
	    take_bytes(taken, (size_t)taken->processed, taken->size, &pair->unprocessed, err) < 0)
		return -1;
	if (!lines || find_ends(q, taken, err) < 0)
		return lines ? -1 : 0;
	return (pair->n_ends || pair->pushed) && !pair->unprocessed.size ? put_again(q, err) : 0;
}

/* Whoever reads from his terminal in the background is told off by the kernel. */
static bool may_read(const struct known_pty *known)
{
	const struct proc_stat *stat = &known->holder->stat;

	return stat->tty_nr != pty_device(known->number) || !known->foreground ||
	       stat->tpgid == stat->pgrp;
}

static int queue_size(int fd, short *ret_events)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };
	int bytes = 0;

	/* It has the kernel move on what is on its way, if there is nothing else. */
	poll(&poller, 1, 0);
	ioctl(fd, FIONREAD, &bytes);
	*ret_events = poller.revents;
	return bytes;
}

/* Without taking anything out: by whether it can be written to when it is started. */
static void note_stopped(struct queues *q, int slave)
{
	short events;

	ioctl(slave, TCXONC, 1 /* TCOON */);
	queue_size(slave, &events);
	q->tty->pair->stopped = events & POLLOUT ? TTY_STOPPED_FLOW : TTY_STOPPED_CHARACTER;
	if (events & POLLOUT)
		ioctl(slave, TCXONC, 0 /* TCOOFF */);
}

static int collect(struct queues *q, int master, int slave, struct err *err)
{
	short master_events, slave_events = POLLOUT;
	int output = queue_size(master, &master_events);
	int input = slave >= 0 ? queue_size(slave, &slave_events) : 1;
	int usable;

	input = input || pty_canonical(&q->now);
	if (!output && !(slave_events & POLLOUT))
		note_stopped(q, slave);
	if (!output && !input)
		return 0;
	if (!q->remote || q->tty->pair->slave == TTY_SLAVE_UNOPENED || !may_read(q->known) ||
	    q->tty->line_discipline || (master_events & POLLPRI)) {
		if (output)
			problem(q, VERDICT_LOST, "output that waits in it (%zu bytes)",
				(size_t)output);
		return 0;
	}
	usable = rehearse(q, err);
	if (usable < 0)
		return -1;
	if (!usable)
		problem(q, VERDICT_LOST, "what waits in it (%zu bytes of output)", (size_t)output);
	if (usable && output && collect_output(q, err) < 0)
		return -1;
	return usable && input ? collect_input(q, err) : 0;
}

int pty_queues(struct dump *dump, const struct known_pty *known, const struct dump_fd *master,
	       int slave, struct tty *tty, struct err *err)
{
	const struct target *holder = known->holder;
	struct queues q = { .dump = dump,
			    .known = known,
			    .tty = tty,
			    .remote = holder->remote,
			    .thread = holder->remote ? holder->frozen->threads[0] : NULL,
			    .master = known->master_fd,
			    .flags = master->info.flags };
	int ret;

	if (termios2_get(master->copy, &q.now, err) < 0)
		return -1;
	/* Even the process itself could not open it once more. */
	if (tty->pair->exclusive)
		ioctl(slave, TIOCNXCL);
	ret = collect(&q, master->copy, slave, err);
	if (tty->pair->exclusive)
		ioctl(slave, TIOCEXCL);
	remote_batch_free(q.batch);
	return ret;
}
