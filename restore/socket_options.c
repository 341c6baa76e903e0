/* SPDX-License-Identifier: MIT */
#include "restore/socket_options.h"

#include "format/err.h"
#include "kernel/compat.h"

#include <limits.h>
#include <linux/filter.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/time.h>

static int set(int fd, int option, const char *name, const void *value, socklen_t size,
	       struct err *err)
{
	if (setsockopt(fd, SOL_SOCKET, option, value, size) < 0)
		return err_sys(err, "setsockopt %s", name);
	return 0;
}

void restore_socket_room(int fd)
{
	const int most = INT_MAX / 2;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &most, sizeof(most)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
}

/* The kernel doubles what is set. More than the limit takes privileges. */
static int set_buffer(struct restore *restore, const char *object, int fd, bool send,
		      uint32_t wanted, struct err *err)
{
	const char *name = send ? "SO_SNDBUF" : "SO_RCVBUF";
	int half = (int)(wanted / 2), now = 0;
	socklen_t size = sizeof(now);

	if (setsockopt(fd, SOL_SOCKET, send ? SO_SNDBUFFORCE : SO_RCVBUFFORCE, &half,
		       sizeof(half)) < 0 &&
	    set(fd, send ? SO_SNDBUF : SO_RCVBUF, name, &half, sizeof(half), err) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, send ? SO_SNDBUF : SO_RCVBUF, &now, &size) < 0)
		return err_sys(err, "getsockopt %s", name);
	if ((uint32_t)now < wanted)
		problems_add(&restore->problems, VERDICT_APPROXIMATED, object,
			     "%s is %d bytes instead of %u, because of /proc/sys/net/core/%s", name,
			     now, wanted, send ? "wmem_max" : "rmem_max");
	return 0;
}

/* Only what differs from a new socket, since some take privileges or memory. */
static int set_flags(int fd, const struct socket_options *options, struct err *err)
{
	const struct {
		int option;
		const char *name;
		bool flag;
	} flags[] = {
		{ SO_PASSCRED, "SO_PASSCRED", options->pass_credentials },
		{ SO_PASSSEC, "SO_PASSSEC", options->pass_security },
		{ SO_TIMESTAMP, "SO_TIMESTAMP", options->timestamp },
		{ SO_TIMESTAMPNS, "SO_TIMESTAMPNS", options->timestamp_ns },
		{ SO_KEEPALIVE, "SO_KEEPALIVE", options->keep_alive },
		{ SO_BROADCAST, "SO_BROADCAST", options->broadcast },
		{ SO_REUSEADDR, "SO_REUSEADDR", options->reuse_address },
		{ SO_OOBINLINE, "SO_OOBINLINE", options->out_of_band_inline },
		{ SO_PASSPIDFD, "SO_PASSPIDFD", options->pass_pidfd },
		{ SO_INQ, "SO_INQ", options->inquire },
	};
	const int on = 1, off = 0;

	if (options->refuse_rights &&
	    set(fd, SO_PASSRIGHTS, "SO_PASSRIGHTS", &off, sizeof(off), err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (flags[i].flag &&
		    set(fd, flags[i].option, flags[i].name, &on, sizeof(on), err) < 0)
			return -1;
	return 0;
}

static int set_time(int fd, int option, const char *name, uint64_t microseconds, struct err *err)
{
	const struct timeval time = { (time_t)(microseconds / 1000000),
				      (suseconds_t)(microseconds % 1000000) };

	return microseconds ? set(fd, option, name, &time, sizeof(time), err) : 0;
}

static int set_filter(int fd, const struct bytes *filter, struct err *err)
{
	const struct sock_fprog program = { (unsigned short)(filter->size /
							     sizeof(struct sock_filter)),
					    (struct sock_filter *)filter->data };

	return filter->size ? set(fd, SO_ATTACH_FILTER, "SO_ATTACH_FILTER", &program,
				  sizeof(program), err)
			    : 0;
}

static void set_mark(struct restore *restore, const char *object, int fd, uint32_t mark)
{
	if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		problems_add(&restore->problems, VERDICT_LOST, object,
			     "SO_MARK %u, which takes CAP_NET_ADMIN to set", mark);
}

int restore_socket_options(struct restore *restore, const char *object, int fd,
			   const struct socket_options *options, struct err *err)
{
	const struct linger linger = { 1, (int)options->linger - 1 };
	const int low_water = (int)options->receive_low_water;
	const int priority = (int)options->priority, peek = (int)options->peek_offset - 1;

	if (set_buffer(restore, object, fd, true, options->send_buffer, err) < 0 ||
	    set_buffer(restore, object, fd, false, options->receive_buffer, err) < 0 ||
	    set_time(fd, SO_SNDTIMEO, "SO_SNDTIMEO", options->send_timeout, err) < 0 ||
	    set_time(fd, SO_RCVTIMEO, "SO_RCVTIMEO", options->receive_timeout, err) < 0)
		return -1;
	if (options->linger && set(fd, SO_LINGER, "SO_LINGER", &linger, sizeof(linger), err) < 0)
		return -1;
	if (low_water &&
	    set(fd, SO_RCVLOWAT, "SO_RCVLOWAT", &low_water, sizeof(low_water), err) < 0)
		return -1;
	if (priority && set(fd, SO_PRIORITY, "SO_PRIORITY", &priority, sizeof(priority), err) < 0)
		return -1;
	if (peek >= 0 && set(fd, SO_PEEK_OFF, "SO_PEEK_OFF", &peek, sizeof(peek), err) < 0)
		return -1;
	set_mark(restore, object, fd, options->mark);
	return set_filter(fd, &options->filter, err) < 0 ? -1 : set_flags(fd, options, err);
}
