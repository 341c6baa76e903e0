/* SPDX-License-Identifier: MIT */
#include "format/opath.h"

static const struct field opath_fields[] = {
	RECORD_IN(struct opath, file, 0, file_id_record, "What it names."), {}
};

const struct record opath_record = RECORD_OF(struct opath, "opath", opath_fields,
					     "A place in the file system, opened with O_PATH.");
