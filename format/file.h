/* SPDX-License-Identifier: MIT */
/* An open file description: what descriptors refer to, whatever its type. */
#ifndef PIMAGE_FILE_H
#define PIMAGE_FILE_H

#include "format/record.h"

/* Who gets SIGIO, fcntl(2) F_SETOWN_EX. */
struct file_owner {
	uint32_t kind;
	uint32_t pid;
	uint32_t signal;
};

/* fcntl(2) and flock(2). */
enum file_lock_kind {
	FILE_LOCK_POSIX = 1, /* of a process */
	FILE_LOCK_OFD,	     /* of the open file description */
	FILE_LOCK_FLOCK,     /* likewise, of the whole file */
};

struct file_lock {
	uint32_t kind;
	bool exclusive;
	uint32_t pid; /* POSIX: the process that holds it */
	uint64_t start;
	uint64_t length; /* bytes; 0: to the end of the file, however long it grows */
};

struct file {
	uint32_t id;
	uint32_t access;
	uint32_t flags; /* O_ bits but for the access mode and O_CLOEXEC */
	uint64_t offset;
	struct file_owner *owner;
	struct file_lock *locks;
	size_t n_locks;
	struct variant type;
};

extern const struct record file_record;

/* The records of all types in the order of the one list; ends with NULL. */
extern const struct record *const file_types[];

#endif
