/* SPDX-License-Identifier: MIT */
#include "format/socket_options.h"

static const struct field socket_options_fields[] = {
	UINT(struct socket_options, send_buffer, 0,
	     "SO_SNDBUF, bytes, as getsockopt(2) tells it: twice what was set."),
	UINT(struct socket_options, receive_buffer, 0, "SO_RCVBUF, likewise."),
	UINT(struct socket_options, send_timeout, FIELD_OPTIONAL, "SO_SNDTIMEO, microseconds."),
	UINT(struct socket_options, receive_timeout, FIELD_OPTIONAL, "SO_RCVTIMEO, microseconds."),
	UINT(struct socket_options, linger, FIELD_OPTIONAL,
	     "SO_LINGER, seconds and one more; absent: off."),
	UINT(struct socket_options, receive_low_water, FIELD_OPTIONAL,
	     "SO_RCVLOWAT, bytes; absent: 1."),
	UINT(struct socket_options, priority, FIELD_OPTIONAL, "SO_PRIORITY."),
	UINT(struct socket_options, peek_offset, FIELD_OPTIONAL,
	     "SO_PEEK_OFF, bytes and one more; absent: off."),
	BOOL(struct socket_options, pass_credentials, FIELD_OPTIONAL, "SO_PASSCRED."),
	BOOL(struct socket_options, pass_security, FIELD_OPTIONAL, "SO_PASSSEC."),
	BOOL(struct socket_options, timestamp, FIELD_OPTIONAL, "SO_TIMESTAMP."),
	BOOL(struct socket_options, timestamp_ns, FIELD_OPTIONAL, "SO_TIMESTAMPNS."),
	BOOL(struct socket_options, keep_alive, FIELD_OPTIONAL, "SO_KEEPALIVE."),
	BOOL(struct socket_options, broadcast, FIELD_OPTIONAL, "SO_BROADCAST."),
	BOOL(struct socket_options, reuse_address, FIELD_OPTIONAL, "SO_REUSEADDR."),
	BOOL(struct socket_options, out_of_band_inline, FIELD_OPTIONAL, "SO_OOBINLINE."),
	BOOL(struct socket_options, pass_pidfd, FIELD_OPTIONAL, "SO_PASSPIDFD."),
	BOOL(struct socket_options, refuse_rights, FIELD_OPTIONAL, "SO_PASSRIGHTS is off."),
	BOOL(struct socket_options, inquire, FIELD_OPTIONAL, "SO_INQ."),
	UINT(struct socket_options, mark, FIELD_OPTIONAL, "SO_MARK."),
	BYTES(struct socket_options, filter, FIELD_OPTIONAL,
	      "SO_ATTACH_FILTER: instructions of 8 bytes as the kernel takes them."),
	{}
};

const struct record socket_options_record =
	RECORD_OF(struct socket_options, "socket_options", socket_options_fields,
		  "Options of a socket, socket(7).");
