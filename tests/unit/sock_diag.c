/* SPDX-License-Identifier: MIT */
/* Answers of sock_diag: real, cut short, hostile, and of this kernel. */
#include "kernel/sock_diag.h"

#include "format/err.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct answer {
	uint8_t data[512];
	size_t size;
};

static void put(struct answer *a, const void *data, size_t size)
{
	memcpy(a->data + a->size, data, size);
	a->size += (size + 3) & ~(size_t)3;
}

static void put_attribute(struct answer *a, uint16_t type, const void *data, size_t size)
{
	const struct nlattr head = { (uint16_t)(sizeof(head) + size), type };

	put(a, &head, sizeof(head));
	put(a, data, size);
}

static void put_socket(struct answer *a, uint32_t ino, uint32_t peer)
{
	const struct unix_diag_msg message = { .udiag_family = AF_UNIX,
					       .udiag_type = SOCK_STREAM,
					       .udiag_state = TCP_LISTEN,
					       .udiag_ino = ino };
	const uint32_t waiting[] = { 7, 0 }, lengths[] = { 2, 5 }, file[] = { 100, 200 };
	struct nlmsghdr head = { .nlmsg_type = SOCK_DIAG_BY_FAMILY };
	const uint8_t shutdown = 2;
	size_t start = a->size;

	put(a, &head, sizeof(head));
	put(a, &message, sizeof(message));
	put_attribute(a, UNIX_DIAG_NAME, "\0name", 5);
	put_attribute(a, UNIX_DIAG_VFS, file, sizeof(file));
	put_attribute(a, UNIX_DIAG_PEER, &peer, sizeof(peer));
	put_attribute(a, UNIX_DIAG_ICONS, waiting, sizeof(waiting));
	put_attribute(a, UNIX_DIAG_RQLEN, lengths, sizeof(lengths));
	put_attribute(a, 99, "new", 3);
	put_attribute(a, UNIX_DIAG_SHUTDOWN, &shutdown, 1);
	head.nlmsg_len = (uint32_t)(a->size - start);
	memcpy(a->data + start, &head, sizeof(head));
}

static void put_end(struct answer *a, uint16_t type, int32_t error)
{
	const struct nlmsghdr head = { .nlmsg_len = sizeof(head) + sizeof(error),
				       .nlmsg_type = type };

	put(a, &head, sizeof(head));
	put(a, &error, sizeof(error));
}

static void test_answer(void)
{
	struct diag_unixes sockets = { 0 };
	struct answer a = { .size = 0 };
	const struct diag_unix *s;
	struct err err;

	put_socket(&a, 5, 6);
	put_socket(&a, 6, 0);
	CHECK(diag_unix_parse(a.data, a.size, &sockets, &err) == 0);
	put_end(&a, NLMSG_DONE, 0);
	CHECK(diag_unix_parse(a.data, a.size, &sockets, &err) == 1);
	CHECK(sockets.n_sockets == 4 && !diag_unix_find(&sockets, 7));
	s = diag_unix_find(&sockets, 5);
	CHECK(s && s->type == SOCK_STREAM && s->state == TCP_LISTEN && s->has_peer && s->peer == 6);
	CHECK(s && s->name_size == 5 && memcmp(s->name, "\0name", 5) == 0 && s->shutdown == 2);
	CHECK(s && s->has_file && s->file_ino == 100 && s->file_dev == 200 && s->backlog == 5);
	CHECK(s && s->n_waiting == 2 && s->waiting[0] == 7 && s->waiting[1] == 0);
	diag_unix_done(&sockets);
}

/* Every length, and every length field wrong: no crash, and nothing that is not there is read. */
static void test_hostile(void)
{
	struct answer a = { .size = 0 };
	struct err err;

	put_socket(&a, 5, 6);
	for (size_t size = 0; size <= a.size; size++)
		for (unsigned i = 0; i < 256; i += 51) {
			struct diag_unixes sockets = { 0 };
			uint8_t *copy = malloc(size + 1);

			memcpy(copy, a.data, size);
			if (size > sizeof(struct nlmsghdr))
				copy[size / 2] = (uint8_t)i;
			if (size >= 4)
				memcpy(copy, &(uint32_t){ (uint32_t)size }, 4);
			diag_unix_parse(copy, size, &sockets, &err);
			diag_unix_done(&sockets);
			free(copy);
		}
	a.size = 0;
	put_end(&a, NLMSG_ERROR, -EACCES);
	CHECK(diag_unix_parse(a.data, a.size, &(struct diag_unixes){ 0 }, &err) < 0);
	CHECK(err.code == ERR_PERMISSION, "%s", err.msg);
}

static void test_kernel(void)
{
	struct diag_unixes sockets = { 0 };
	const struct diag_unix *s;
	struct stat one, other;
	struct err err;
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	CHECK(fstat(pair[0], &one) == 0 && fstat(pair[1], &other) == 0);
	CHECK(shutdown(pair[0], SHUT_WR) == 0);
	if (diag_unix_read(&sockets, &err) < 0) {
		test_skip("sock_diag", "%s", err.msg);
		return;
	}
	s = diag_unix_find(&sockets, one.st_ino);
	CHECK(s && s->type == SOCK_SEQPACKET && s->peer == other.st_ino && s->shutdown == 2);
	CHECK(s && !s->name_size && !s->has_file && !s->n_waiting);
	diag_unix_done(&sockets);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	test_answer();
	test_hostile();
	test_kernel();
	return test_done("sock_diag");
}
