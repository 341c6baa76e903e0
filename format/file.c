/* SPDX-License-Identifier: MIT */
#include "format/file.h"

#include "format/names.h"

#define FILE_TYPE(name) extern const struct record name##_record;
#include "format/resources.def"
#undef FILE_TYPE

#define FILE_TYPE(name) &name##_record,
const struct record *const file_types[] = {
#include "format/resources.def"
	NULL
};
#undef FILE_TYPE

static const struct name owner_kind_names[] = {
	{ "thread", 0 },
	{ "process", 1 },
	{ "group", 2 },
	{},
};

static const struct field owner_fields[] = {
	ENUM(struct file_owner, kind, 0, owner_kind_names, "What the number names."),
	UINT(struct file_owner, pid, FIELD_VOLATILE, "Thread, process or group."),
	ENUM(struct file_owner, signal, FIELD_OPTIONAL, signal_names,
	     "Signal sent instead of SIGIO, F_SETSIG."),
	{}
};
static const struct record owner_record =
	RECORD_OF(struct file_owner, "file_owner", owner_fields,
		  "Who is told when input or output is possible.");

static const struct name lock_kind_names[] = {
	{ "posix", FILE_LOCK_POSIX },
	{ "ofd", FILE_LOCK_OFD },
	{ "flock", FILE_LOCK_FLOCK },
	{},
};

static const struct field lock_fields[] = {
	ENUM(struct file_lock, kind, 0, lock_kind_names,
	     "posix: F_SETLK, of a process; ofd: F_OFD_SETLK; flock: flock(2)."),
	BOOL(struct file_lock, exclusive, 0, "A write lock."),
	UINT(struct file_lock, pid, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "The process that holds a lock of kind posix."),
	UINT(struct file_lock, start, FIELD_OPTIONAL, "First byte."),
	UINT(struct file_lock, length, FIELD_OPTIONAL,
	     "Bytes; absent: to the end of the file, however long it grows."),
	{}
};
static const struct record lock_record =
	RECORD_OF(struct file_lock, "file_lock", lock_fields, "A lock on a file.");
static const struct field item_lock = ITEM_RECORD(struct file_lock, lock_record);

static const struct field file_fields[] = {
	UINT(struct file, id, 0, "Number of this open file description."),
	ENUM(struct file, access, 0, open_access_names, "Access mode."),
	FLAGS(struct file, flags, 0, open_flag_names, "Status flags, open(2)."),
	UINT(struct file, offset, FIELD_OPTIONAL, "File offset in bytes."),
	RECORD_AT(struct file, owner, 0, owner_record, "F_SETOWN_EX."),
	LIST(struct file, locks, FIELD_OPTIONAL, item_lock,
	     "Locks held through this open file description."),
	VARIANT(struct file, type, 0, file_types, "What it is."),
	{}
};

const struct record file_record =
	RECORD_OF(struct file, "file", file_fields, "An open file description.");
