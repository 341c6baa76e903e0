/* SPDX-License-Identifier: MIT */
#include "format/regular.h"

static const struct field regular_fields[] = {
	RECORD_IN(struct regular, file, 0, file_id_record, "The file."), {}
};

const struct record regular_record = RECORD_OF(struct regular, "regular", regular_fields,
					       "A regular file; contents only when it is deleted.");
