/* SPDX-License-Identifier: MIT */
#include "dump/unix_peek.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Descriptors (at most 253, SCM_MAX_FD), credentials, a time, a security label. */
#define CONTROL_SIZE 8192

struct peek {
	int fd;
	const struct unix_shape *shape;
	struct unix_queue *queue;
	size_t pending; /* what the kernel says is there; of datagrams only the first */
};

int unix_address(const struct sockaddr_un *address, socklen_t length, char **ret_path,
		 struct bytes *ret_abstract, struct err *err)
{
	size_t size = length > offsetof(struct sockaddr_un, sun_path)
			      ? length - offsetof(struct sockaddr_un, sun_path)
			      : 0;

	if (size && address->sun_path[0]) {
		*ret_path = strndup(address->sun_path, size);
		return *ret_path ? 0 : err_sys(err, "out of memory");
	}
	if (size < 2)
		return 0;
	ret_abstract->data = malloc(size - 1);
	if (!ret_abstract->data)
		return err_sys(err, "out of memory");
	memcpy(ret_abstract->data, address->sun_path + 1, size - 1);
	ret_abstract->size = size - 1;
	return 0;
}

static void peeked_done(struct peeked *message)
{
	for (size_t i = 0; i < message->n_fds; i++)
		cleanup_close(&message->fds[i]);
	free(message->fds);
	free(message->path);
	free(message->abstract.data);
	*message = (struct peeked){ .credentials = { .pid = -1 } };
}

void unix_queue_done(struct unix_queue *queue)
{
	for (size_t i = 0; i < queue->n_messages; i++)
		peeked_done(&queue->messages[i]);
	free(queue->messages);
	free(queue->data);
	*queue = (struct unix_queue){ 0 };
}

/* Above those that a program is started with, so that none of them is taken for one. */
static int take_fds(const struct cmsghdr *header, struct peeked *message, struct err *err)
{
	size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		int fd, *slot = LIST_ADD(message, fds, err);

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
		if (slot)
			*slot = fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (!slot || *slot < 0)
			ret = err_sys(err, "keep a descriptor that waits in the socket");
		if (!slot || fd <= 2)
			close(fd);
	}
	return ret;
}

static int take_control(struct msghdr *header, struct peeked *message, struct err *err)
{
	int ret = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS && take_fds(c, message, err) < 0)
			ret = -1;
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&message->credentials, CMSG_DATA(c), sizeof(message->credentials));
	}
	return ret;
}

/* SO_PASSPIDFD makes one more descriptor, of the process that the credentials name. */
static void drop_pidfd(struct msghdr *header)
{
	const int scm_pidfd = 4;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != scm_pidfd)
			continue;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		if (fd >= 0)
			close(fd);
	}
}

/* Returns the length of the message, or of what is left of the stream up to the next descriptors. */
static ssize_t look(const struct peek *p, void *data, size_t size, struct peeked *message,
		    struct err *err)
{
	union {
		struct cmsghdr align;
		char space[CONTROL_SIZE];
	} control;
	struct sockaddr_un address;
	struct iovec vector = { data, size };
	struct msghdr header = { .msg_iov = &vector,
				 .msg_iovlen = size ? 1 : 0,
				 .msg_name = &address,
				 .msg_namelen = sizeof(address),
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(p->fd, &header, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return n;
	drop_pidfd(&header);
	if (take_control(&header, message, err) < 0)
		return -1;
	if (header.msg_flags & MSG_CTRUNC)
		return err_set(err, ERR_FAILED,
			       "descriptors that wait in the socket cannot be duplicated (more "
			       "than RLIMIT_NOFILE)");
	/* Of a connection there is one sender. */
	if (p->shape->type == SOCK_DGRAM &&
	    unix_address(&address, header.msg_namelen, &message->path, &message->abstract, err) < 0)
		return -1;
	return n;
}

static int set_offset(int fd, int offset, struct err *err)
{
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) < 0)
		return err_sys(err, "SO_PEEK_OFF");
	return 0;
}

static int grow(struct unix_queue *q, size_t more, struct err *err)
{
	void *grown = realloc(q->data, q->size + more + 1);

	if (!grown)
		return err_sys(err, "out of memory");
	q->data = grown;
	return 0;
}

static struct peeked *add(struct unix_queue *q, struct err *err)
{
	struct peeked *message = LIST_ADD(q, messages, err);

	if (message)
		message->credentials.pid = -1;
	return message;
}

/* Whether the byte belongs to what was sent together with descriptors: 1, 0. */
static int has_fds_at(const struct peek *p, size_t at, struct err *err)
{
	struct peeked message = { .credentials = { .pid = -1 } };
	char byte;
	int ret;

	if (set_offset(p->fd, (int)at, err) < 0)
		return -1;
	ret = look(p, &byte, 1, &message, err) == 1 ? message.n_fds > 0 : -1;
	peeked_done(&message);
	return ret < 0 ? err_sys(err, "read byte %zu of what waits in the socket", at) : ret;
}

/*
 * One look ends behind what came with descriptors, but begins before it: with bytes that came without. Their border is
 * found by halves.
 */
static int find_border(const struct peek *p, size_t start, size_t end, size_t *ret_border,
		       struct err *err)
{
	size_t low = start, high = end - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int has = has_fds_at(p, middle, err);

		if (has < 0)
			return -1;
		if (has)
			high = middle;
		else
			low = middle + 1;
	}
	*ret_border = low;
	return 0;
}

/* Bytes before those that came with descriptors are a message of their own. */
static int split(const struct peek *p, size_t start, struct err *err)
{
	struct unix_queue *q = p->queue;
	size_t border = start, end = q->size;
	struct peeked *last = &q->messages[q->n_messages - 1], *before = last, keep;

	if (last->n_fds && find_border(p, start, end, &border, err) < 0)
		return -1;
	if (border == start)
		return 0;
	last = add(q, err);
	if (!last)
		return -1;
	before = last - 1;
	keep = *before;
	*before = (struct peeked){ .bytes = (uint32_t)(border - start),
				   .credentials = keep.credentials };
	keep.bytes = (uint32_t)(end - border);
	*last = keep;
	return 0;
}

static int peek_stream(const struct peek *p, struct err *err)
{
	struct unix_queue *q = p->queue;

	if (grow(q, p->pending, err) < 0)
		return -1;
	while (q->size < p->pending) {
		struct peeked *message = add(q, err);
		size_t start = q->size;
		ssize_t n;

		if (!message || set_offset(p->fd, (int)start, err) < 0)
			return -1;
		n = look(p, q->data + start, p->pending - start, message, err);
		if (n <= 0)
			return err_sys(err, "read what waits in the socket (%zu of %zu bytes)",
				       start, p->pending);
		message->bytes = (uint32_t)n;
		q->size += (size_t)n;
		if (split(p, start, err) < 0)
			return -1;
	}
	return 0;
}

/* Returns 1, and 0 when there are no more. Its length first: without a buffer the offset does not move. */
static int peek_message(const struct peek *p, struct err *err)
{
	struct unix_queue *q = p->queue;
	struct peeked *message = add(q, err);
	ssize_t n;

	if (!message)
		return -1;
	n = look(p, NULL, 0, message, err);
	/* The end of a connection looks like a message without bytes. */
	if ((n < 0 && errno == EAGAIN) ||
	    (n == 0 && p->shape->type == SOCK_SEQPACKET && p->shape->ended &&
	     q->size >= p->pending && !message->n_fds)) {
		peeked_done(&q->messages[--q->n_messages]);
		return 0;
	}
	if (n < 0)
		return err_sys(err, "read what waits in the socket");
	message->bytes = (uint32_t)n;
	q->empty |= n == 0;
	if (n == 0)
		return 1;
	peeked_done(message);
	message->bytes = (uint32_t)n;
	if (grow(q, (size_t)n, err) < 0)
		return -1;
	if (look(p, q->data + q->size, (size_t)n, message, err) != n)
		return err_sys(err, "read a message of %zd bytes that waits in the socket", n);
	q->size += (size_t)n;
	return 1;
}

static int peek_messages(const struct peek *p, struct err *err)
{
	int more;

	do
		more = peek_message(p, err);
	while (more > 0);
	return more;
}

/* The simple case, in which nothing of the socket is touched. */
static int peek_plain(const struct peek *p, struct err *err)
{
	struct unix_queue *q = p->queue;
	struct peeked ignored = { .credentials = { .pid = -1 } };
	ssize_t n;

	if (grow(q, p->pending, err) < 0)
		return -1;
	n = look(p, q->data, p->pending, &ignored, err);
	peeked_done(&ignored);
	if (n != (ssize_t)p->pending)
		return err_sys(err, "read what waits in the socket (%zd of %zu bytes)", n,
			       p->pending);
	q->size = p->pending;
	return 0;
}

/* The offset is the socket's, and so the program's own; it gets it back. */
static int peek_all(const struct peek *p, struct err *err)
{
	bool stream = p->shape->type == SOCK_STREAM;
	int ret;

	if (stream && p->shape->peek_offset < 0 && !p->shape->pass_credentials &&
	    !p->shape->has_rights)
		return peek_plain(p, err);
	if (set_offset(p->fd, 0, err) < 0)
		return -1;
	ret = stream ? peek_stream(p, err) : peek_messages(p, err);
	return set_offset(p->fd, p->shape->peek_offset, ret < 0 ? NULL : err) < 0 ? -1 : ret;
}

int unix_peek(int fd, const struct unix_shape *shape, struct unix_queue *ret_queue, struct err *err)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLPRI };
	struct unix_queue queue = { 0 };
	struct peek p = { .fd = fd, .shape = shape, .queue = &queue };
	int pending = 0;

	if (poll(&poller, 1, 0) > 0 && ioctl(fd, SIOCINQ, &pending) < 0)
		return err_sys(err, "SIOCINQ");
	p.pending = (size_t)pending;
	queue.out_of_band = poller.revents & POLLPRI;
	queue.hidden = (poller.revents & POLLIN) && (poller.revents & POLLERR) &&
		       shape->type != SOCK_STREAM && !(shape->reset && !pending);
	if ((poller.revents & POLLIN) && !queue.out_of_band && !queue.hidden &&
	    (pending || (shape->type != SOCK_STREAM && !shape->reset)) && peek_all(&p, err) < 0) {
		unix_queue_done(&queue);
		return -1;
	}
	*ret_queue = queue;
	return 0;
}
