/* SPDX-License-Identifier: MIT */
/* A set of descriptors that are waited for together, epoll(7). */
#ifndef PIMAGE_EPOLL_H
#define PIMAGE_EPOLL_H

#include "format/record.h"

struct epoll_registration {
	uint32_t process; /* whose table fd is a number of */
	uint32_t fd;
	uint32_t events; /* EPOLL bits without EPOLLERR and EPOLLHUP, which always count */
	bool disarmed;
	uint64_t data;
};

struct epoll {
	struct epoll_registration *registrations;
	size_t n_registrations;
};

extern const struct record epoll_record;

#endif
