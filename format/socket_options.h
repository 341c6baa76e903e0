/* SPDX-License-Identifier: MIT */
/* Options that sockets of every family have, socket(7). */
#ifndef PIMAGE_SOCKET_OPTIONS_H
#define PIMAGE_SOCKET_OPTIONS_H

#include "format/record.h"

struct socket_options {
	uint32_t send_buffer;
	uint32_t receive_buffer;
	uint64_t send_timeout; /* microseconds; 0: none */
	uint64_t receive_timeout;
	uint32_t linger; /* seconds and one more; 0: SO_LINGER is off */
	uint32_t receive_low_water;
	uint32_t priority;
	uint32_t peek_offset; /* and one more; 0: SO_PEEK_OFF is off */
	bool pass_credentials;
	bool pass_security;
	bool timestamp;
	bool timestamp_ns;
	bool keep_alive;
	bool broadcast;
	bool reuse_address;
	bool out_of_band_inline;
	bool pass_pidfd;
	bool refuse_rights;
	bool inquire;
	uint32_t mark;
	struct bytes filter; /* struct sock_filter, 8 bytes each, little-endian */
};

extern const struct record socket_options_record;

#endif
