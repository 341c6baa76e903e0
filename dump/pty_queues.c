/* SPDX-License-Identifier: MIT */
/*
 * The kernel lets nobody look at what waits in a terminal without taking it. So the process that has the master takes it
 * and puts it back in one batch, which it finishes even if this program is killed meanwhile: the bytes go
 * through a pipe, of which a copy is made on the way (tee(2)), so that no call needs to know how many they are.
 */
#include "dump/pty.h"

#include "dump/pty_batch.h"
#include "dump/pty_others.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/pty.h"

#include <asm/ioctls.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>

/* ioctl_tty(2): the argument of TCXONC and of TCFLSH. */
enum { STOP_OUTPUT, START_OUTPUT };
enum { FLUSH_INPUT };

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

static void note_order(struct queues *q, const struct taken *taken)
{
	if (!taken->all)
		pty_problem(q, VERDICT_APPROXIMATED,
			    "what waits in it came while it was read and is out of order (%zu "
			    "bytes)",
			    taken->size);
}

/* The rest of what had no room at once. Nobody reads meanwhile, so there is room in the end. */
static int put_rest(struct queues *q, const struct taken *taken, uint64_t to,
		    const struct termios2 *settings, struct err *err)
{
	const uint8_t *end = taken->data[0] + taken->size;
	size_t left = (size_t)taken->left, most = 1024, write;

	for (int tries = 0; left > 0 && tries < 100; tries++) {
		size_t piece = MIN(left, most);

		if (pty_begin(q, err) < 0)
			return -1;
		push_settings(q, settings);
		write = remote_push(q->batch,
				    REMOTE_CALL(write, to, remote_data(q->batch, end - left, piece),
						piece));
		push_pause(q);
		push_settings(q, &q->now);
		if (pty_end(q, NULL, err) < 0)
			return -1;
		if (remote_result(q->batch, write) > 0)
			left -= (size_t)remote_result(q->batch, write);
		else
			most = PTY_SMALL;
	}
	if (left)
		pty_problem(q, VERDICT_LOST, "%zu bytes, also for the program itself", left);
	return 0;
}

/* What was stopped had to be started for its bytes to be put back. */
static int stop_again(struct queues *q, const struct taken *taken, struct err *err)
{
	struct tty_pair *pair = q->tty->pair;

	if (taken->before.revents & POLLOUT)
		return 0;
	pair->stopped = taken->after.revents & POLLOUT ? TTY_STOPPED_FLOW : TTY_STOPPED_CHARACTER;
	if (pty_begin(q, err) < 0)
		return -1;
	if (pair->stopped == TTY_STOPPED_FLOW)
		remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCXONC, STOP_OUTPUT));
	else
		remote_push(q->batch,
			    REMOTE_CALL(write, q->master,
					remote_data(q->batch, &q->now.c_cc[VSTOP], 1), 1));
	return pty_end(q, NULL, err);
}

static void push_output(struct queues *q, struct taken *taken, const struct termios2 *neutral)
{
	struct termios2 started = *neutral;

	started.c_iflag &= ~(tcflag_t)IXON;
	push_stop_others(q->dump, q->known->holder, q->batch);
	push_take(q, q->master);
	push_writable(q, &taken->before);
	remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCXONC, START_OUTPUT));
	push_writable(q, &taken->after);
	push_settings(q, &started);
	push_put_back(q, q->fds[SLAVE]);
	push_mark(q);
	push_put_rest(q, q->fds[SLAVE]);
	push_settings(q, &q->now);
	push_continue_others(q->dump, q->known->holder, q->batch);
}

static int collect_output(struct queues *q, struct err *err)
{
	_cleanup_free_ struct taken *taken = calloc(1, sizeof(*taken));
	struct termios2 neutral;

	if (!taken)
		return err_sys(err, "out of memory");
	pty_neutral(&q->now, false, 0, &neutral);
	neutral.c_lflag = q->now.c_lflag; /* lines of input stay as they are */
	if (pty_begin(q, err) < 0)
		return -1;
	push_output(q, taken, &neutral);
	if (pty_end(q, taken, err) < 0 ||
	    (taken->left > 0 && put_rest(q, taken, q->fds[SLAVE], &neutral, err) < 0) ||
	    take_bytes(taken, 0, taken->size, &q->tty->pair->output, err) < 0)
		return -1;
	note_order(q, taken);
	return stop_again(q, taken, err);
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
		/* More lines may have come to those that were counted. */
		pair->pushed = taken->complete > 0 && (size_t)taken->complete <= input->size &&
			       !ends_line(&q->now, input->data[taken->complete - 1]);
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
	const struct tty_pair *pair = q->tty->pair;
	_cleanup_free_ uint8_t *text = NULL;
	struct termios2 neutral;
	size_t size;

	if (pty_input(&q->now, pair->input.data, pair->input.size, pair->ends, pair->n_ends,
		      pair->pushed, &neutral, &text, &size, err) < 0 ||
	    pty_begin(q, err) < 0)
		return -1;
	push_stop_others(q->dump, q->known->holder, q->batch);
	push_settings(q, &neutral);
	remote_push(q->batch, REMOTE_CALL(ioctl, q->fds[SLAVE], TCFLSH, FLUSH_INPUT));
	remote_push(q->batch,
		    REMOTE_CALL(write, q->master, remote_data(q->batch, text, size), size));
	push_pause(q);
	push_settings(q, &q->now);
	push_continue_others(q->dump, q->known->holder, q->batch);
	return pty_end(q, NULL, err);
}

static void push_input(struct queues *q, struct taken *taken)
{
	struct termios2 raw, neutral;

	pty_neutral(&q->now, false, 0, &raw);
	pty_neutral(&q->now, pty_canonical(&q->now), 0, &neutral);
	push_stop_others(q->dump, q->known->holder, q->batch);
	push_count(q, q->fds[SLAVE], &taken->complete);
	push_settings(q, &raw);
	push_count(q, q->fds[SLAVE], &taken->processed);
	push_take(q, q->fds[SLAVE]);
	push_settings(q, &neutral);
	push_mark(q);
	push_put_back(q, q->master);
	push_put_rest(q, q->master);
	push_settings(q, &q->now);
	push_continue_others(q->dump, q->known->holder, q->batch);
}

static int collect_input(struct queues *q, struct err *err)
{
	_cleanup_free_ struct taken *taken = calloc(1, sizeof(*taken));
	struct tty_pair *pair = q->tty->pair;

	if (!taken)
		return err_sys(err, "out of memory");
	if (pty_begin(q, err) < 0)
		return -1;
	push_input(q, taken);
	/* What is left belongs behind what the line discipline has no room for. */
	if (pty_end(q, taken, err) < 0 ||
	    (taken->left > 0 && put_rest(q, taken, q->master, &q->now, err) < 0))
		return -1;
	note_order(q, taken);
	if (take_bytes(taken, 0, (size_t)taken->processed, &pair->input, err) < 0 ||
	    take_bytes(taken, (size_t)taken->processed, taken->size, &pair->unprocessed, err) < 0)
		return -1;
	if (!pty_canonical(&q->now))
		return 0;
	if (find_ends(q, taken, err) < 0)
		return -1;
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

	ioctl(slave, TCXONC, START_OUTPUT);
	queue_size(slave, &events);
	q->tty->pair->stopped = events & POLLOUT ? TTY_STOPPED_FLOW : TTY_STOPPED_CHARACTER;
	if (events & POLLOUT)
		ioctl(slave, TCXONC, STOP_OUTPUT);
}

/* Why nothing may be taken out; NULL: it may. */
static const char *why_not(const struct queues *q, short master_events)
{
	if (!q->remote)
		return "its master is only on its way to a process";
	if (q->tty->pair->slave == TTY_SLAVE_UNOPENED)
		return "its slave was never opened";
	if (!may_read(q->known))
		return "it is the terminal of the process that has its master, which is in the "
		       "background";
	if (q->tty->line_discipline)
		return "it has another line discipline";
	if (q->tty->pair->locks)
		return "its settings are locked";
	if (master_events & POLLPRI)
		return "a message of packet mode comes before it";
	return NULL;
}

static void note_lost(struct queues *q, const char *why)
{
	char text[192];

	snprintf(text, sizeof(text), "what waits in it, since %s (%%zu bytes of output)", why);
	pty_problem(q, VERDICT_LOST, text, q->waiting);
}

static int collect(struct queues *q, int master, int slave, struct err *err)
{
	short master_events, slave_events = POLLOUT;
	int output = queue_size(master, &master_events);
	int input = slave >= 0 ? queue_size(slave, &slave_events) : 1;
	const char *why = why_not(q, master_events);
	int usable, ret = 0;
	struct err other;

	q->waiting = (size_t)output;
	if (why && (output || (slave >= 0 && input)))
		note_lost(q, why);
	input = input || pty_canonical(&q->now);
	if (!output && !(slave_events & POLLOUT))
		note_stopped(q, slave);
	if (why || (!output && !input))
		return 0;
	usable = pty_rehearse(q, err);
	if (usable < 0)
		return -1;
	if (!usable)
		note_lost(q, "the process that has its master cannot open what that takes");
	else if ((output && collect_output(q, err) < 0) || (input && collect_input(q, err) < 0))
		ret = -1;
	return usable && forget_continue(q->dump, q->known->holder, ret < 0 ? &other : err) < 0
		       ? -1
		       : ret;
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
