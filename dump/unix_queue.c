/* SPDX-License-Identifier: MIT */
/* What waits in a unix socket, looked at by MSG_PEEK, which takes nothing out. */
#include "dump/unix_table.h"
#include "format/cleanup.h"
#include "format/err.h"

#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

struct queue {
	int fd;
	struct unix_socket *record;
	uint8_t *data;
	size_t size;	/* of data */
	size_t pending; /* what the kernel says is there; of datagrams only the first */
	bool empty;	/* there is a message without bytes */
};

static int grow(struct queue *q, size_t more, struct err *err)
{
	void *grown = realloc(q->data, q->size + more + 1);

	if (!grown)
		return err_sys(err, "out of memory");
	q->data = grown;
	return 0;
}

/* Retries what a signal to this program interrupted. */
static ssize_t peek(const struct queue *q, void *data, size_t size, struct sockaddr_un *address,
		    socklen_t *length)
{
	struct iovec vector = { data, size };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = size ? 1 : 0,
				  .msg_name = address,
				  .msg_namelen = address ? sizeof(*address) : 0 };
	ssize_t n;

	do
		n = recvmsg(q->fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (length)
		*length = message.msg_namelen;
	return n;
}

static int set_offset(int fd, int offset, struct err *err)
{
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) < 0)
		return err_sys(err, "SO_PEEK_OFF");
	return 0;
}

/* Messages of several writers with SO_PASSCRED are not returned at once. */
static int peek_stream(struct queue *q, struct err *err)
{
	if (grow(q, q->pending, err) < 0)
		return -1;
	while (q->size < q->pending) {
		ssize_t n = peek(q, q->data + q->size, q->pending - q->size, NULL, NULL);

		if (n <= 0)
			return err_sys(err, "read what waits in the socket (%zu of %zu bytes)",
				       q->size, q->pending);
		q->size += (size_t)n;
	}
	return 0;
}

/* Returns 1, and 0 when there are no more. Its length first: without a buffer the offset does not move. */
static int peek_message(struct queue *q, struct err *err)
{
	struct sockaddr_un address;
	struct unix_message *message;
	socklen_t length = 0;
	ssize_t n = peek(q, NULL, 0, &address, &length);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return err_sys(err, "read what waits in the socket");
	/* The end of a connection looks like a message without bytes. */
	if (n == 0 && q->record->type == UNIX_PACKET &&
	    (q->record->shutdown & UNIX_SHUTDOWN_READ) && q->size >= q->pending)
		return 0;
	if (grow(q, (size_t)n, err) < 0)
		return -1;
	if (n > 0 && peek(q, q->data + q->size, (size_t)n, &address, &length) != n)
		return err_sys(err, "read a message of %zd bytes that waits in the socket", n);
	message = LIST_ADD(q->record, messages, err);
	if (!message)
		return -1;
	message->bytes = (uint32_t)n;
	q->size += (size_t)n;
	q->empty |= n == 0;
	/* Of a connection there is one sender. */
	if (q->record->type == UNIX_DATAGRAM &&
	    unix_address(&address, length, &message->path, &message->abstract, err) < 0)
		return -1;
	return 1;
}

static int peek_messages(struct queue *q, struct err *err)
{
	int more;

	do
		more = peek_message(q, err);
	while (more > 0);
	return more;
}

/* The offset is the socket's, and so the program's own; it gets it back. */
static int peek_all(struct queue *q, struct err *err)
{
	int old = (int)q->record->options.peek_offset - 1, ret;

	if (q->record->type == UNIX_STREAM && old < 0 && !q->record->options.pass_credentials)
		return peek_stream(q, err);
	if (set_offset(q->fd, 0, err) < 0)
		return -1;
	ret = q->record->type == UNIX_STREAM ? peek_stream(q, err) : peek_messages(q, err);
	return set_offset(q->fd, old, ret < 0 ? NULL : err) < 0 ? -1 : ret;
}

static bool is_known(const struct dump *dump, const struct unix_message *message)
{
	const struct unix_table *table = unix_table(dump);

	if (!message->path && !message->abstract.size)
		return true;
	for (size_t i = 0; i < table->n_held; i++) {
		const struct diag_unix *s = diag_unix_find(&table->all, table->held[i].ino);

		if (message->path ? s->name_size && s->name[0] &&
					    strncmp(s->name, message->path, sizeof(s->name)) == 0
				  : s->name_size == message->abstract.size + 1 && !s->name[0] &&
					    memcmp(s->name + 1, message->abstract.data,
						   message->abstract.size) == 0)
			return true;
	}
	return false;
}

static void note_losses(struct dump *dump, const struct dump_fd *fd, const struct queue *q)
{
	size_t unknown = 0;

	for (size_t i = 0; i < q->record->n_messages; i++)
		unknown += !is_known(dump, &q->record->messages[i]);
	if (unknown)
		dump_fd_problem(dump, fd, VERDICT_LOST, NULL,
				"the sender's address of %zu datagrams in it, which come from "
				"outside",
				unknown);
	if (q->empty)
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"it holds a message without bytes, which the kernel shows only "
				"once: another dump does not see it");
	if (q->record->options.pass_credentials && (q->size || q->empty))
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"what waits in it will carry the credentials of prestore "
				"(SO_PASSCRED)");
}

static int save(struct dump *dump, struct queue *q, struct err *err)
{
	char name[64];

	q->record->bytes = (uint32_t)q->size;
	if (!q->size)
		return 0;
	snprintf(name, sizeof(name), "sockets/unix/%u.data", q->record->id);
	if (image_add_blob(&dump->image, name, q->data, q->size, err) < 0)
		return -1;
	q->data = NULL;
	return 0;
}

int unix_queue(struct dump *dump, const struct dump_fd *fd, struct unix_socket *record,
	       struct err *err)
{
	_cleanup_free_ uint8_t *data = NULL;
	struct queue q = { .fd = fd->copy, .record = record };
	struct pollfd poller = { .fd = fd->copy, .events = POLLIN | POLLPRI };
	int pending = 0, ret;

	if (poll(&poller, 1, 0) <= 0)
		return 0;
	if (poller.revents & POLLPRI)
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"wait until the program has received it",
				"an out-of-band byte (MSG_OOB) waits in the unix socket");
	if (ioctl(fd->copy, SIOCINQ, &pending) < 0)
		return err_sys(err, "SIOCINQ");
	q.pending = (size_t)pending;
	if (poller.revents & POLLPRI || !(poller.revents & POLLIN) ||
	    (!pending && (record->type == UNIX_STREAM || record->reset)))
		return 0;
	/* A look at the queue would take the error away. */
	if (poller.revents & POLLERR && record->type != UNIX_STREAM) {
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"wait until the program has received them",
				"messages wait in the unix socket behind an error that is not yet "
				"reported");
		return 0;
	}
	ret = peek_all(&q, err);
	data = q.data;
	if (ret < 0)
		return -1;
	note_losses(dump, fd, &q);
	ret = save(dump, &q, err);
	data = q.data;
	return ret;
}
