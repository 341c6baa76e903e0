/* SPDX-License-Identifier: MIT */
#include "format/memfd.h"

static const struct field memfd_fields[] = {
	UINT(struct memfd, contents, 0, "Number of the shm object."), {}
};

const struct record memfd_record =
	RECORD_OF(struct memfd, "memfd", memfd_fields, "Anonymous memory with a descriptor.");
