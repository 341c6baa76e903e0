/* SPDX-License-Identifier: MIT */
#include "format/pipe.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/external.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static int write_all(int fd, const uint8_t *data, size_t size, struct err *err)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "put the saved bytes into the pipe");
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A packet per write, as they were. */
static int fill(const struct pipe *pipe, const struct blob *blob, int fd, struct err *err)
{
	const uint8_t *data = blob->data;

	if (!pipe->n_packets)
		return write_all(fd, data, pipe->bytes, err);
	if (fcntl(fd, F_SETFL, O_NONBLOCK | O_DIRECT) < 0)
		return err_sys(err, "put a pipe into packet mode");
	for (size_t i = 0; i < pipe->n_packets; i++) {
		if (write_all(fd, data, pipe->packets[i], err) < 0)
			return -1;
		data += pipe->packets[i];
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, "end packet mode of a pipe");
	return 0;
}

static int make_pipe(struct restore *restore, const struct pipe *pipe, const int ends[2],
		     struct err *err)
{
	const struct blob *blob;
	char name[64];

	/* More than the limit is only for root; the default size is what a new one has. */
	if (fcntl(ends[1], F_GETPIPE_SZ) != (int)pipe->capacity &&
	    fcntl(ends[1], F_SETPIPE_SZ, (int)pipe->capacity) < 0)
		return err_sys(err,
			       "give a pipe the capacity of %u bytes (the limit is in "
			       "/proc/sys/fs/pipe-max-size)",
			       pipe->capacity);
	snprintf(name, sizeof(name), "pipes/%u.data", pipe->id);
	blob = image_blob(&restore->image, name);
	return pipe->bytes ? fill(pipe, blob, ends[1], err) : 0;
}

static bool holds_bytes(int fd)
{
	int bytes = 0;

	return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/*
 * Both ends are one description; those of the processes are opened anew from it. What is written into it here must come
 * before what others write.
 */
static int open_named(const struct restore *restore, const struct pipe *pipe, int ret_ends[2],
		      struct err *err)
{
	char buffer[PATH_MAX];
	const char *path = restore_path(restore, pipe->path, buffer, sizeof(buffer));
	_cleanup_close_ int fd = open(path, (pipe->awaits_writer ? O_RDONLY : O_RDWR) | O_NONBLOCK |
						    O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open %s", path);
	if (!S_ISFIFO(st.st_mode))
		return err_set(err, ERR_HOST, "%s is no named pipe (FIFO)", path);
	/* Of one that others have at the other end, they may still be the saved ones. */
	if (external_object(restore, KIND_pipe, pipe->id) == EXTERNAL_ASK && holds_bytes(fd))
		return err_set(err, ERR_HOST,
			       "%s holds bytes of somebody else; have them read, or give another "
			       "one by --map-path",
			       path);
	ret_ends[1] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (ret_ends[1] < 0)
		return err_sys(err, "duplicate a descriptor of %s", path);
	ret_ends[0] = TAKE_FD(fd);
	return 0;
}

/* O_NONBLOCK: what does not fit must fail and not wait; each end gets its flags later. */
static int open_ends(const struct restore *restore, const struct pipe *pipe, int ret_ends[2],
		     struct err *err)
{
	if (pipe->path)
		return open_named(restore, pipe, ret_ends, err);
	if (pipe2(ret_ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, "make a pipe");
	return 0;
}

static int make(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct pipe *pipe = record;
	_cleanup_close_ int reader = -1, writer = -1;
	const enum external_policy policy = external_object(restore, KIND_pipe, pipe->id);
	struct pipe made = *pipe;
	struct made_object *object;
	int ends[2];

	(void)key;
	if (policy == EXTERNAL_EOF)
		made.path = NULL;
	if (policy == EXTERNAL_NULL)
		return 0;
	if (open_ends(restore, &made, ends, err) < 0)
		return -1;
	reader = ends[0];
	writer = ends[1];
	if (policy == EXTERNAL_RECONNECT && holds_bytes(ends[0]))
		made.bytes = 0;
	if (make_pipe(restore, &made, ends, err) < 0)
		return err_prefix(err, "pipe %u", pipe->id);
	object = LIST_ADD(restore, objects, err);
	if (!object)
		return -1;
	*object = (struct made_object){ .kind = KIND_pipe,
					.id = pipe->id,
					.fds = { TAKE_FD(reader), TAKE_FD(writer) },
					.given = { made.path, made.path } };
	return 0;
}

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	(void)restore;
	(void)record;
	(void)key;
	(void)err;
	return 0;
}

const struct restorer pipe_restorer = { .check = check, .make = make };
