/* SPDX-License-Identifier: MIT */
#include "kernel/sock_diag.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

void diag_unix_done(struct diag_unixes *sockets)
{
	for (size_t i = 0; i < sockets->n_sockets; i++)
		free(sockets->sockets[i].waiting);
	free(sockets->sockets);
	*sockets = (struct diag_unixes){ 0 };
}

const struct diag_unix *diag_unix_find(const struct diag_unixes *sockets, uint64_t ino)
{
	for (size_t i = 0; i < sockets->n_sockets; i++)
		if (sockets->sockets[i].ino == ino)
			return &sockets->sockets[i];
	return NULL;
}

static struct diag_unix *add(struct diag_unixes *sockets, struct err *err)
{
	size_t n = sockets->n_sockets;

	/* Doubled at each power of two. */
	if ((n & (n - 1)) == 0) {
		void *grown =
			reallocarray(sockets->sockets, n ? 2 * n : 1, sizeof(*sockets->sockets));

		if (!grown) {
			err_sys(err, "out of memory");
			return NULL;
		}
		sockets->sockets = grown;
	}
	sockets->sockets[n] = (struct diag_unix){ 0 };
	sockets->n_sockets++;
	return &sockets->sockets[n];
}

static int take_waiting(const void *data, size_t size, struct diag_unix *socket, struct err *err)
{
	free(socket->waiting);
	socket->n_waiting = size / sizeof(uint32_t);
	socket->waiting = calloc(socket->n_waiting + 1, sizeof(uint32_t));
	if (!socket->waiting) {
		socket->n_waiting = 0;
		return err_sys(err, "out of memory");
	}
	memcpy(socket->waiting, data, socket->n_waiting * sizeof(uint32_t));
	return 0;
}

/* What is shorter than it should be says nothing. */
static int take_attribute(unsigned type, const void *data, size_t size, struct diag_unix *socket,
			  struct err *err)
{
	uint32_t words[2] = { 0 };

	memcpy(words, data, size < sizeof(words) ? size : sizeof(words));
	switch (type) {
	case UNIX_DIAG_NAME:
		socket->name_size = size < sizeof(socket->name) ? size : sizeof(socket->name);
		memcpy(socket->name, data, socket->name_size);
		break;
	case UNIX_DIAG_VFS:
		socket->has_file = size >= sizeof(words);
		socket->file_ino = words[0];
		socket->file_dev = words[1];
		break;
	case UNIX_DIAG_PEER:
		socket->has_peer = size >= sizeof(words[0]);
		socket->peer = words[0];
		break;
	case UNIX_DIAG_ICONS:
		return take_waiting(data, size, socket, err);
	case UNIX_DIAG_RQLEN:
		socket->backlog = words[1];
		break;
	case UNIX_DIAG_SHUTDOWN:
		socket->shutdown = size ? *(const uint8_t *)data : 0;
		break;
	default:
		break;
	}
	return 0;
}

static int take_socket(const uint8_t *data, size_t size, struct diag_unixes *sockets,
		       struct err *err)
{
	struct diag_unix *socket;
	struct unix_diag_msg head;
	struct nlattr attribute;

	if (size < sizeof(head))
		return err_set(err, ERR_FAILED, "sock_diag: %zu bytes are no unix socket", size);
	memcpy(&head, data, sizeof(head));
	socket = add(sockets, err);
	if (!socket)
		return -1;
	socket->ino = head.udiag_ino;
	socket->type = head.udiag_type;
	socket->state = head.udiag_state;
	for (size_t at = NLMSG_ALIGN(sizeof(head)); at + sizeof(attribute) <= size;
	     at += NLA_ALIGN(attribute.nla_len)) {
		memcpy(&attribute, data + at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > size - at)
			return err_set(err, ERR_FAILED, "sock_diag: an attribute of %u bytes",
				       attribute.nla_len);
		if (take_attribute(attribute.nla_type & NLA_TYPE_MASK, data + at + NLA_HDRLEN,
				   attribute.nla_len - (size_t)NLA_HDRLEN, socket, err) < 0)
			return -1;
	}
	return 0;
}

static int fail(const uint8_t *data, size_t size, struct err *err)
{
	int32_t error = 0;

	if (size >= sizeof(error))
		memcpy(&error, data, sizeof(error));
	errno = error < 0 ? -error : EPROTO;
	return err_sys(err, "sock_diag");
}

int diag_unix_parse(const void *data, size_t size, struct diag_unixes *sockets, struct err *err)
{
	const uint8_t *bytes = data;
	struct nlmsghdr head;

	for (size_t at = 0; at + sizeof(head) <= size; at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, bytes + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size - at)
			return err_set(err, ERR_FAILED, "sock_diag: a message of %u bytes",
				       head.nlmsg_len);
		if (head.nlmsg_type == NLMSG_DONE)
			return 1;
		if (head.nlmsg_type == NLMSG_ERROR)
			return fail(bytes + at + sizeof(head), head.nlmsg_len - sizeof(head), err);
		if (head.nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    take_socket(bytes + at + sizeof(head), head.nlmsg_len - sizeof(head), sockets,
				err) < 0)
			return -1;
	}
	return 0;
}

static int ask(int fd, struct err *err)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req request;
	} message = {
		.head = { .nlmsg_len = sizeof(message),
			  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = AF_UNIX,
			     .udiag_states = UINT32_MAX,
			     .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER |
					   UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN },
	};

	if (send(fd, &message, sizeof(message), 0) < 0)
		return err_sys(err, "sock_diag: ask for unix sockets");
	return 0;
}

static int read_all(int fd, struct diag_unixes *sockets, struct err *err)
{
	const size_t size = 1 << 16; /* the kernel fills at most 32 KiB at once */
	_cleanup_free_ uint8_t *buffer = malloc(size);
	int done = 0;

	if (!buffer)
		return err_sys(err, "out of memory");
	while (done == 0) {
		ssize_t n = recv(fd, buffer, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(err, "sock_diag: read the answer");
		done = diag_unix_parse(buffer, (size_t)n, sockets, err);
	}
	return done < 0 ? -1 : 0;
}

int diag_unix_read(struct diag_unixes *ret_sockets, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct diag_unixes sockets = { 0 };

	if (fd < 0)
		return err_sys(err, "sock_diag");
	if (ask(fd, err) < 0)
		return -1;
	if (read_all(fd, &sockets, err) < 0) {
		diag_unix_done(&sockets);
		return -1;
	}
	*ret_sockets = sockets;
	return 0;
}
