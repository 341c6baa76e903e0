/* SPDX-License-Identifier: MIT */
#include "format/file_id.h"

#include <string.h>

static const struct field file_id_fields[] = {
	STRING(struct file_id, path, 0, "Absolute path as the process saw it."),
	HEX(struct file_id, device, FIELD_VOLATILE, "st_dev of the file system."),
	HEX(struct file_id, inode, FIELD_VOLATILE, "st_ino."),
	UINT(struct file_id, size, FIELD_VOLATILE, "Size in bytes."),
	INT(struct file_id, mtime, FIELD_VOLATILE,
	    "Time of last modification, nanoseconds since 1970."),
	UINT(struct file_id, mode, 0, "st_mode: type and permissions."),
	STRING(struct file_id, build_id, FIELD_OPTIONAL,
	       "GNU build-id of an ELF file; decides whether a mapped file is still the same."),
	UINT(struct file_id, contents, FIELD_OPTIONAL,
	     "Number of the shm object that holds the contents, when the file is deleted."),
	{}
};

const struct record file_id_record =
	RECORD_OF(struct file_id, "file_id", file_id_fields,
		  "A file by path, with the facts that tell whether it is still the same one.");

bool file_id_same(const struct file_id *a, const struct file_id *b)
{
	return a->device == b->device && a->inode == b->inode && a->mtime == b->mtime &&
	       a->size == b->size && a->contents == b->contents && strcmp(a->path, b->path) == 0;
}
