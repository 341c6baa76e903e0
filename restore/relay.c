/* SPDX-License-Identifier: MIT */
#include "restore/relay.h"

#include "format/err.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int message_send(int socket, enum message_type type, const void *bytes, size_t size)
{
	char first = (char)type;
	struct iovec parts[] = { { &first, 1 }, { (void *)bytes, size } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int message_receive(int socket, struct message *ret_message)
{
	struct iovec parts[] = { { &ret_message->type, 1 }, { ret_message->bytes, MESSAGE_MAX } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);

	/* It has gone without having read all: that is told once, before its own last words. */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -1;
	if (n == 0)
		return 0;
	ret_message->size = (size_t)n - 1;
	if (ret_message->size < sizeof(struct ready))
		memset(ret_message->bytes + ret_message->size, 0,
		       sizeof(struct ready) - ret_message->size);
	return 1;
}

int detach_key_parse(const char *text, int *ret_key, struct err *err)
{
	if (strcmp(text, "none") == 0) {
		*ret_key = -1;
		return 0;
	}
	/* ASCII: what Ctrl makes of @, A to Z, [, \, ], ^ and _; small letters are the same keys. */
	if (text[0] == '^' && text[1] && !text[2]) {
		int c = text[1] >= 'a' && text[1] <= 'z' ? text[1] - 'a' + 'A' : text[1];

		if (c >= '@' && c <= '_') {
			*ret_key = c - '@';
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "--detach-key=%s: expected ^ and a letter (^]), or none",
		       text);
}
