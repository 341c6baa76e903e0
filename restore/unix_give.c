/* SPDX-License-Identifier: MIT */
#include "restore/unix_give.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fdcopy.h"
#include "restore/canvas.h"
#include "restore/restore.h"

#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int unix_give_open(const struct restore *restore, int ret_ends[2], struct err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, "socketpair");
	ret_ends[0] = ends[0];
	/* The one that processes inherit. */
	ret_ends[1] = restore_keep_fd(restore, ends[1], err);
	return ret_ends[1] < 0 ? -1 : 0;
}

static int hand_in(int end, int fd, struct err *err)
{
	union control control = { .header = { CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 0;
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(end, &message, MSG_NOSIGNAL) < 0)
		return err_sys(err, "hand descriptor %d to a process", fd);
	return 0;
}

/* Returns its number there. */
static int receive(struct canvas *canvas, int end, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	union control control = { .space = "" };
	char byte;
	uint64_t vector[2] = { remote_out(batch, &byte, 1), 1 };
	struct msghdr message = { .msg_iov = (void *)remote_data(batch, vector, sizeof(vector)),
				  .msg_iovlen = 1,
				  .msg_control =
					  (void *)remote_out(batch, &control, sizeof(control)),
				  .msg_controllen = sizeof(control) };
	int fd;

	remote_push(batch, REMOTE_CALL(recvmsg, (uint64_t)end,
				       remote_data(batch, &message, sizeof(message)), 0));
	if (canvas_run_all(canvas, batch, err) < 0)
		return -1;
	if (control.header.cmsg_len != CMSG_LEN(sizeof(fd)) ||
	    control.header.cmsg_type != SCM_RIGHTS)
		return err_set(err, ERR_FAILED, "%s did not get a descriptor (RLIMIT_NOFILE)",
			       canvas->name);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

int unix_give(struct canvas *canvas, const int ends[2], int fd, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	int there;

	if (hand_in(ends[0], fd, err) < 0)
		return -1;
	there = receive(canvas, ends[1], err);
	if (there < 0 || there == fd)
		return there < 0 ? -1 : 0;
	remote_push(batch, REMOTE_CALL(dup3, (uint64_t)there, (uint64_t)fd, 0));
	remote_push(batch, REMOTE_CALL(close, (uint64_t)there));
	return canvas_run_all(canvas, batch, err);
}

int unix_take(struct canvas *canvas, int fd, struct err *err)
{
	bool same = false;
	_cleanup_close_ int copy = fdcopy_get(canvas->pid, canvas->frozen.pidfd, fd,
					      canvas->frozen.features, &same, err);

	if (copy < 0 || CANVAS_CALL(canvas, err, close, (uint64_t)fd) < 0)
		return -1;
	return TAKE_FD(copy);
}
