/* SPDX-License-Identifier: MIT */
/* Pipes: who holds their ends, and the bytes in them, copied without taking them out. */
#include "format/pipe.h"

#include "dump/file_table.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

static struct known_pipe *find_pipe(const struct dump_files *files, const struct stat *st)
{
	for (size_t i = 0; i < files->n_pipes; i++)
		if (files->pipes[i].ino == st->st_ino && files->pipes[i].dev == st->st_dev)
			return &files->pipes[i];
	return NULL;
}

int pipe_survey(struct dump *dump, struct target *target, uint32_t fd, struct err *err)
{
	const struct target_descriptor *known = target_descriptor(target, fd);
	struct dump_files *files = dump->files;
	_cleanup_free_ char *text = NULL;
	struct proc_fdinfo info;
	struct known_pipe *pipe;
	struct stat st;
	char name[32];
	size_t size;

	if (known && known->mode && !S_ISFIFO(known->mode))
		return 0;
	snprintf(name, sizeof(name), "fd/%u", fd);
	if (fstatat(target->proc, name, &st, 0) < 0 || !S_ISFIFO(st.st_mode))
		return 0;
	snprintf(name, sizeof(name), "fdinfo/%u", fd);
	if (read_piece_at(target->proc, name, &text, &size, NULL) < 0 ||
	    proc_fdinfo_parse(text, size, &info, NULL) < 0 || (info.flags & O_PATH))
		return 0;
	pipe = find_pipe(files, &st);
	if (!pipe) {
		pipe = LIST_ADD(files, pipes, err);
		if (!pipe)
			return -1;
		pipe->dev = st.st_dev;
		pipe->ino = st.st_ino;
	}
	if ((info.flags & O_ACCMODE) != O_WRONLY && !pipe->reader) {
		pipe->reader = target;
		pipe->reader_fd = fd;
	}
	if ((info.flags & O_ACCMODE) != O_RDONLY) {
		if (!pipe->writer)
			pipe->writer_fd = fd;
		pipe->writer = pipe->writer ? pipe->writer : target;
		pipe->packets |= (info.flags & O_DIRECT) != 0;
	}
	return 0;
}

/*
 * A reader of a named pipe is told of a hangup only if there was a writer since it opened it. Without any, tee(2) finds
 * the end of it; else that there is nothing now.
 */
static bool has_no_writer(const struct dump_fd *fd)
{
	_cleanup_close_ int reader = -1, writer = -1;
	int ends[2];

	if (fd->link[0] != '/' || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	reader = ends[0];
	writer = ends[1];
	return tee(fd->copy, writer, 1, SPLICE_F_NONBLOCK) == 0;
}

bool pipe_is_known(const struct dump *dump, const struct dump_fd *fd)
{
	return S_ISFIFO(fd->stat.st_mode) && fd->same && find_pipe(dump->files, &fd->stat);
}

bool pipe_is_inside(const struct dump *dump, const struct dump_fd *fd)
{
	const struct known_pipe *pipe = find_pipe(dump->files, &fd->stat);
	struct pollfd poller = { .fd = fd->copy, .events = 0 };

	if (!pipe || !fd->same)
		return false;
	if (pipe->reader && pipe->writer)
		return true;
	/* Nobody has the other end any more: fs/pipe.c, pipe_poll(). */
	if (poll(&poller, 1, 0) == 1 && (poller.revents & (pipe->reader ? POLLHUP : POLLERR)))
		return true;
	return pipe->reader && has_no_writer(fd);
}

/* A pipe of ours that holds the same bytes. Returns its reading end. */
static int duplicate(int pipe_fd, int capacity, int bytes, struct err *err)
{
	_cleanup_close_ int reader = -1, writer = -1;
	ssize_t copied;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, "make a pipe");
	reader = ends[0];
	writer = ends[1];
	if (fcntl(writer, F_GETPIPE_SZ) < capacity && fcntl(writer, F_SETPIPE_SZ, capacity) < 0)
		return err_sys(err, "make a pipe of %d bytes", capacity);
	copied = tee(pipe_fd, writer, (size_t)bytes, SPLICE_F_NONBLOCK);
	if (copied < 0)
		return err_sys(err, "copy the contents of the pipe");
	if (copied != bytes)
		return err_set(err, ERR_FAILED,
			       "only %zd of the %d bytes in the pipe can be copied", copied, bytes);
	return TAKE_FD(reader);
}

/*
 * Reads it all. A read never returns more than one packet: where one ends before the bytes do,
 * packets are what the pipe holds, also if its writers have left packet mode since.
 */
static int drain(int reader, struct pipe *pipe, uint8_t *buffer, struct err *err)
{
	uint32_t done = 0;

	while (done < pipe->bytes) {
		ssize_t n = read(reader, buffer + done, pipe->bytes - done);
		uint32_t *packet;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, "read the copy of the pipe");
		packet = LIST_ADD(pipe, packets, err);
		if (!packet)
			return -1;
		*packet = (uint32_t)n;
		done += (uint32_t)n;
	}
	return 0;
}

static int collect_bytes(struct dump *dump, int fd, struct pipe *pipe, struct err *err)
{
	_cleanup_close_ int reader = duplicate(fd, (int)pipe->capacity, (int)pipe->bytes, err);
	_cleanup_free_ uint8_t *buffer = NULL;
	char name[64];

	if (reader < 0)
		return -1;
	buffer = malloc(pipe->bytes);
	if (!buffer)
		return err_sys(err, "out of memory");
	if (drain(reader, pipe, buffer, err) < 0)
		return -1;
	snprintf(name, sizeof(name), "pipes/%u.data", pipe->id);
	if (image_add_blob(&dump->image, name, buffer, pipe->bytes, err) < 0)
		return -1;
	buffer = NULL;
	return 0;
}

/* One read got it all, and no writer is in packet mode: a stream. */
static void settle_packets(struct dump *dump, const struct known_pipe *known,
			   const struct dump_fd *fd, struct pipe *pipe)
{
	const uint32_t most = 4096; /* PIPE_BUF: a longer write is several packets */

	if (pipe->n_packets <= 1 && !known->packets) {
		free(pipe->packets);
		pipe->packets = NULL;
		pipe->n_packets = 0;
	}
	for (size_t i = 0; i < pipe->n_packets; i++)
		if (pipe->packets[i] > most) {
			dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
					"bytes in the pipe that were written before packet mode "
					"are taken for packets");
			return;
		}
}

static int collect_path(struct dump *dump, const struct known_pipe *known, const struct dump_fd *fd,
			struct pipe *pipe, struct err *err)
{
	struct pollfd poller = { .fd = fd->copy, .events = 0 };
	int found;

	if (fd->link[0] != '/')
		return 0;
	found = dump_path(fd->target, fd->link, &fd->stat, &pipe->path, err);
	if (found < 0)
		return -1;
	if (!found) {
		free(TAKE_PTR(pipe->path));
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"the named pipe (FIFO) is not there any more by this name: it "
				"comes back as a pipe without one");
		return 0;
	}
	pipe->awaits_writer = known->reader && !known->writer && poll(&poller, 1, 0) == 0;
	return 0;
}

/* What is in a pipe that nobody can read any more is of no use to anybody. */
static int collect_pipe(struct dump *dump, struct known_pipe *known, struct pipe *pipe,
			struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	int capacity, bytes = 0;

	if (dump_fd_open(dump, known->reader ? known->reader : known->writer,
			 known->reader ? known->reader_fd : known->writer_fd, &fd, err) < 0)
		return -1;
	capacity = fcntl(fd.copy, F_GETPIPE_SZ);
	if (capacity < 0 || (known->reader && ioctl(fd.copy, FIONREAD, &bytes) < 0))
		return err_sys(err, "%s", fd.link);
	pipe->capacity = (uint32_t)capacity;
	if (collect_path(dump, known, &fd, pipe, err) < 0)
		return -1;
	if (!bytes || !dump->settings.frozen)
		return 0;
	pipe->bytes = (uint32_t)bytes;
	if (collect_bytes(dump, fd.copy, pipe, err) < 0)
		return err_prefix(err, "%s", fd.link);
	settle_packets(dump, known, &fd, pipe);
	return 0;
}

int dump_pipe(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id, struct err *err)
{
	struct known_pipe *known = find_pipe(dump->files, &fd->stat);
	struct pipe *pipe;

	if (!known->id) {
		pipe = DUMP_NEW(dump, pipe, &known->id, err);
		if (!pipe)
			return -1;
		pipe->id = known->id;
		if (collect_pipe(dump, known, pipe, err) < 0)
			return -1;
	}
	*ret_id = known->id;
	return 0;
}

const struct dumper pipe_dumper = { 0 };
