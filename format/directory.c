/* SPDX-License-Identifier: MIT */
#include "format/directory.h"

static const struct field directory_fields[] = {
	RECORD_IN(struct directory, file, 0, file_id_record, "The directory."), {}
};

const struct record directory_record =
	RECORD_OF(struct directory, "directory", directory_fields, "An open directory.");
