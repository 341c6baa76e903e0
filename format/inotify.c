/* SPDX-License-Identifier: MIT */
#include "format/inotify.h"

/* include/uapi/linux/inotify.h */
static const struct name inotify_event_names[] = {
	{ "IN_ACCESS", 0x1 },
	{ "IN_MODIFY", 0x2 },
	{ "IN_ATTRIB", 0x4 },
	{ "IN_CLOSE_WRITE", 0x8 },
	{ "IN_CLOSE_NOWRITE", 0x10 },
	{ "IN_OPEN", 0x20 },
	{ "IN_MOVED_FROM", 0x40 },
	{ "IN_MOVED_TO", 0x80 },
	{ "IN_CREATE", 0x100 },
	{ "IN_DELETE", 0x200 },
	{ "IN_DELETE_SELF", 0x400 },
	{ "IN_MOVE_SELF", 0x800 },
	{ "IN_EXCL_UNLINK", UINT64_C(1) << 26 },
	{ "IN_ONESHOT", UINT64_C(1) << 31 },
	{},
};

static const struct field watch_fields[] = {
	UINT(struct inotify_watch, wd, 0, "Watch descriptor, which the program holds."),
	FLAGS(struct inotify_watch, events, 0, inotify_event_names, "What is watched for."),
	STRING(struct inotify_watch, path, 0, "What is watched."),
	{}
};
const struct record inotify_watch_record =
	RECORD_OF(struct inotify_watch, "inotify_watch", watch_fields,
		  "A file or directory that is watched, inotify_add_watch(2).");
static const struct field item_watch = ITEM_RECORD(struct inotify_watch, inotify_watch_record);

static const struct field inotify_fields[] = {
	LIST(struct inotify, watches, 0, item_watch, "By watch descriptor."), {}
};

const struct record inotify_record =
	RECORD_OF(struct inotify, "inotify", inotify_fields,
		  "Files and directories that are watched for changes.");
