/* SPDX-License-Identifier: MIT */
#include "format/epoll.h"

/* include/uapi/linux/eventpoll.h */
static const struct name epoll_event_names[] = {
	{ "EPOLLIN", 0x1 },
	{ "EPOLLPRI", 0x2 },
	{ "EPOLLOUT", 0x4 },
	{ "EPOLLERR", 0x8 },
	{ "EPOLLHUP", 0x10 },
	{ "EPOLLRDNORM", 0x40 },
	{ "EPOLLRDBAND", 0x80 },
	{ "EPOLLWRNORM", 0x100 },
	{ "EPOLLWRBAND", 0x200 },
	{ "EPOLLMSG", 0x400 },
	{ "EPOLLRDHUP", 0x2000 },
	{ "EPOLLEXCLUSIVE", UINT64_C(1) << 28 },
	{ "EPOLLWAKEUP", UINT64_C(1) << 29 },
	{ "EPOLLONESHOT", UINT64_C(1) << 30 },
	{ "EPOLLET", UINT64_C(1) << 31 },
	{},
};

static const struct field registration_fields[] = {
	UINT(struct epoll_registration, process, FIELD_VOLATILE,
	     "Process in whose descriptor table fd is."),
	UINT(struct epoll_registration, fd, 0, "The registered descriptor."),
	FLAGS(struct epoll_registration, events, 0, epoll_event_names,
	      "What is waited for, and how; EPOLLERR and EPOLLHUP always are and are left out."),
	BOOL(struct epoll_registration, disarmed, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "EPOLLONESHOT: its event was reported and it has not been set again."),
	HEX(struct epoll_registration, data, 0, "What the program wants back with an event."),
	{}
};
static const struct record registration_record =
	RECORD_OF(struct epoll_registration, "epoll_registration", registration_fields,
		  "A descriptor that is waited for, EPOLL_CTL_ADD.");
static const struct field item_registration =
	ITEM_RECORD(struct epoll_registration, registration_record);

static const struct field epoll_fields[] = {
	LIST(struct epoll, registrations, 0, item_registration, "By descriptor."), {}
};

const struct record epoll_record = RECORD_OF(struct epoll, "epoll", epoll_fields,
					     "A set of descriptors that are waited for together.");
