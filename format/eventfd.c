/* SPDX-License-Identifier: MIT */
#include "format/eventfd.h"

static const struct field eventfd_fields[] = {
	HEX(struct eventfd, count, 0, "Value of the counter."),
	BOOL(struct eventfd, semaphore, FIELD_OPTIONAL, "EFD_SEMAPHORE: reads take one."),
	{}
};

const struct record eventfd_record =
	RECORD_OF(struct eventfd, "eventfd", eventfd_fields, "An event counter.");
