/* SPDX-License-Identifier: MIT */
#include "dump/socket_options.h"

#include "format/err.h"
#include "kernel/compat.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

static int get(int fd, int option, const char *name, void *value, socklen_t size, struct err *err)
{
	if (getsockopt(fd, SOL_SOCKET, option, value, &size) < 0)
		return err_sys(err, "getsockopt %s", name);
	return 0;
}

static int get_flags(int fd, struct socket_options *options, struct err *err)
{
	const struct {
		int option;
		const char *name;
		bool *flag;
	} flags[] = {
		{ SO_PASSCRED, "SO_PASSCRED", &options->pass_credentials },
		{ SO_PASSSEC, "SO_PASSSEC", &options->pass_security },
		{ SO_TIMESTAMP, "SO_TIMESTAMP", &options->timestamp },
		{ SO_TIMESTAMPNS, "SO_TIMESTAMPNS", &options->timestamp_ns },
		{ SO_KEEPALIVE, "SO_KEEPALIVE", &options->keep_alive },
		{ SO_BROADCAST, "SO_BROADCAST", &options->broadcast },
		{ SO_REUSEADDR, "SO_REUSEADDR", &options->reuse_address },
		{ SO_OOBINLINE, "SO_OOBINLINE", &options->out_of_band_inline },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		int value = 0;

		if (get(fd, flags[i].option, flags[i].name, &value, sizeof(value), err) < 0)
			return -1;
		*flags[i].flag = value != 0;
	}
	return 0;
}

/* Newer than some kernels: what is not known there is not set either. */
static bool is_set(int fd, int option, bool otherwise)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? otherwise : value != 0;
}

static void get_newer(int fd, struct socket_options *options)
{
	int mark = 0;
	socklen_t size = sizeof(mark);

	options->pass_pidfd = is_set(fd, SO_PASSPIDFD, false);
	options->refuse_rights = !is_set(fd, SO_PASSRIGHTS, true);
	options->inquire = is_set(fd, SO_INQ, false);
	if (getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &size) == 0)
		options->mark = (uint32_t)mark;
}

/* A length counts instructions here, socket(7); a filter of the newer kind (eBPF) cannot be read. */
static int get_filter(int fd, struct bytes *ret_filter, struct err *err)
{
	const size_t instruction = 8;
	socklen_t count = 0;
	uint8_t *data;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &count) < 0)
		return errno == EACCES
			       ? err_set(err, ERR_UNSUPPORTED,
					 "the socket has an eBPF filter, which nobody can read")
			       : err_sys(err, "getsockopt SO_GET_FILTER");
	if (!count)
		return 0;
	data = calloc(count, instruction);
	if (!data)
		return err_sys(err, "out of memory");
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, data, &count) < 0) {
		free(data);
		return err_sys(err, "getsockopt SO_GET_FILTER");
	}
	*ret_filter = (struct bytes){ data, count * instruction };
	return 0;
}

static uint64_t microseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

int dump_socket_options(int fd, struct socket_options *ret_options, struct err *err)
{
	struct socket_options options = { 0 };
	struct timeval send = { 0 }, receive = { 0 };
	int low_water = 1, priority = 0, peek = -1, out = 0, in = 0;
	struct linger linger = { 0 };

	if (get(fd, SO_SNDBUF, "SO_SNDBUF", &out, sizeof(out), err) < 0 ||
	    get(fd, SO_RCVBUF, "SO_RCVBUF", &in, sizeof(in), err) < 0 ||
	    get(fd, SO_SNDTIMEO, "SO_SNDTIMEO", &send, sizeof(send), err) < 0 ||
	    get(fd, SO_RCVTIMEO, "SO_RCVTIMEO", &receive, sizeof(receive), err) < 0 ||
	    get(fd, SO_LINGER, "SO_LINGER", &linger, sizeof(linger), err) < 0 ||
	    get(fd, SO_RCVLOWAT, "SO_RCVLOWAT", &low_water, sizeof(low_water), err) < 0 ||
	    get(fd, SO_PRIORITY, "SO_PRIORITY", &priority, sizeof(priority), err) < 0 ||
	    get(fd, SO_PEEK_OFF, "SO_PEEK_OFF", &peek, sizeof(peek), err) < 0 ||
	    get_flags(fd, &options, err) < 0 || get_filter(fd, &options.filter, err) < 0)
		return -1;
	get_newer(fd, &options);
	options.send_buffer = (uint32_t)out;
	options.receive_buffer = (uint32_t)in;
	options.send_timeout = microseconds(&send);
	options.receive_timeout = microseconds(&receive);
	options.linger = linger.l_onoff ? (uint32_t)linger.l_linger + 1 : 0;
	options.receive_low_water = low_water > 1 ? (uint32_t)low_water : 0;
	options.priority = (uint32_t)priority;
	options.peek_offset = peek >= 0 ? (uint32_t)peek + 1 : 0;
	*ret_options = options;
	return 0;
}
