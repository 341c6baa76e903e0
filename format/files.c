/* SPDX-License-Identifier: MIT */
#include "format/files.h"

static const struct field descriptor_fields[] = {
	UINT(struct descriptor, fd, 0, "The descriptor."),
	UINT(struct descriptor, file, 0, "Number of the open file description, files/<id>.json."),
	BOOL(struct descriptor, close_on_exec, FIELD_OPTIONAL, "FD_CLOEXEC."),
	{}
};
static const struct record descriptor_record =
	RECORD_OF(struct descriptor, "descriptor", descriptor_fields,
		  "One descriptor of a process.");
static const struct field item_descriptor = ITEM_RECORD(struct descriptor, descriptor_record);

static const struct field files_fields[] = {
	LIST(struct files, descriptors, 0, item_descriptor, "Open descriptors by number."), {}
};

const struct record files_record =
	RECORD_OF(struct files, "files", files_fields, "The descriptor table of a process.");
