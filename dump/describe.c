/* SPDX-License-Identifier: MIT */
#include "dump/describe.h"

#include "dump/file.h"
#include "dump/file_table.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

static const struct name domain_names[] = {
	{ "Unix", AF_UNIX },	   { "IPv4", AF_INET },	    { "IPv6", AF_INET6 },
	{ "netlink", AF_NETLINK }, { "packet", AF_PACKET }, {},
};
static const struct name socket_type_names[] = {
	{ "stream", SOCK_STREAM },
	{ "datagram", SOCK_DGRAM },
	{ "raw", SOCK_RAW },
	{ "sequenced-packet", SOCK_SEQPACKET },
	{},
};

static int socket_option(const struct dump_fd *fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return fd->copy < 0 || getsockopt(fd->copy, SOL_SOCKET, option, &value, &size) < 0 ? -1
											   : value;
}

static void describe_socket(const struct dump_fd *fd, char *ret_text, size_t size)
{
	const char *domain = name_of(domain_names, (uint64_t)socket_option(fd, SO_DOMAIN));
	const char *type = name_of(socket_type_names, (uint64_t)socket_option(fd, SO_TYPE));
	int protocol = socket_option(fd, SO_PROTOCOL);

	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		type = protocol == IPPROTO_TCP ? "TCP" : "UDP";
	snprintf(ret_text, size, "a socket (%s %s%s) is not supported yet",
		 domain ? domain : "of an unknown family", type ? type : "of an unknown type",
		 socket_option(fd, SO_ACCEPTCONN) == 1 ? ", listening" : "");
}

static void describe_fifo(const struct dump_fd *fd, char *ret_text, size_t size)
{
	if (fd->copy < 0)
		snprintf(ret_text, size, "the pipe cannot be looked into (%s)", fd->no_copy);
	else
		snprintf(ret_text, size,
			 "the other end of the %spipe is in none of the dumped processes",
			 fd->link[0] == '/' ? "named " : "");
}

static void describe_device(const struct dump_fd *fd, char *ret_text, size_t size)
{
	unsigned maj = major(fd->stat.st_rdev), min = minor(fd->stat.st_rdev);

	if (maj == 5 && min == 2)
		snprintf(
			ret_text, size,
			"the master of a pseudo-terminal, of which there is no duplicate to be had "
			"here (pidfd_getfd)");
	else if (fd->copy >= 0 && tty_device(fd->copy))
		snprintf(ret_text, size,
			 "a terminal that ends outside and is not the controlling terminal");
	else
		snprintf(ret_text, size, "the %s device %u:%u is not supported",
			 S_ISBLK(fd->stat.st_mode) ? "block" : "character", maj, min);
}

static void describe_anonymous(const struct dump_fd *fd, char *ret_text, size_t size)
{
	const char *name = strchr(fd->link, ':');
	size_t length;

	name = name ? name + 1 : fd->link;
	name += *name == '[';
	length = strcspn(name, "]");
	snprintf(ret_text, size, "a descriptor of kind %.*s is not supported yet", (int)length,
		 name);
}

void describe_fd(const struct dump_fd *fd, char *ret_text, size_t size)
{
	mode_t mode = fd->stat.st_mode;

	if (S_ISSOCK(mode))
		describe_socket(fd, ret_text, size);
	else if (S_ISFIFO(mode))
		describe_fifo(fd, ret_text, size);
	else if (S_ISCHR(mode) || S_ISBLK(mode))
		describe_device(fd, ret_text, size);
	else
		describe_anonymous(fd, ret_text, size);
}
