/* SPDX-License-Identifier: MIT */
/* Locks on files, from the "lock:" lines of fdinfo. */
#include "dump/file_table.h"
#include "format/err.h"

#include <string.h>

/* fs/locks.c, lock_get_status(): "1: POSIX  ADVISORY  WRITE 4711 fd:01:1234 0 EOF". */
static const struct name kind_names[] = {
	{ "POSIX", FILE_LOCK_POSIX },
	{ "OFDLCK", FILE_LOCK_OFD },
	{ "FLOCK", FILE_LOCK_FLOCK },
	{},
};

struct lock_line {
	char kind[16];
	char mode[16];
	unsigned long start;
	char end[32]; /* last byte, or EOF */
};

static bool parse_line(const char *value, size_t length, struct lock_line *ret)
{
	char line[160];

	if (length >= sizeof(line))
		return false;
	memcpy(line, value, length);
	line[length] = '\0';
	return sscanf(line, "%*u: %15s %*15s %15s %*s %*s %lu %31s", ret->kind, ret->mode,
		      &ret->start, ret->end) == 4;
}

/* Descriptors that share a description show its locks each; a process its record locks once. */
static bool is_known(const struct file *file, const struct file_lock *lock)
{
	for (size_t i = 0; i < file->n_locks; i++) {
		const struct file_lock *k = &file->locks[i];

		if (k->kind == lock->kind && k->pid == lock->pid && k->start == lock->start &&
		    k->length == lock->length)
			return true;
	}
	return false;
}

static int add_lock(struct dump *dump, const struct dump_fd *fd, const struct lock_line *line,
		    struct file *file, struct err *err)
{
	struct file_lock lock = { .exclusive = strcmp(line->mode, "WRITE") == 0,
				  .start = line->start };
	struct file_lock *added;
	uint64_t kind;

	if (name_value(kind_names, line->kind, &kind) < 0) {
		dump_fd_problem(dump, fd, VERDICT_BLOCKING, NULL,
				"a lock of kind %s is not supported yet", line->kind);
		return 0;
	}
	lock.kind = (uint32_t)kind;
	if (kind == FILE_LOCK_POSIX)
		lock.pid = fd->target->own_pid;
	if (strcmp(line->end, "EOF") != 0)
		lock.length = strtoul(line->end, NULL, 10) - lock.start + 1;
	if (is_known(file, &lock))
		return 0;
	added = LIST_ADD(file, locks, err);
	if (!added)
		return -1;
	*added = lock;
	return 0;
}

int dump_locks(struct dump *dump, const struct dump_fd *fd, struct file *file, struct err *err)
{
	struct lock_line line;
	size_t length;

	for (const char *value = proc_fdinfo_find(fd->info_text, "lock", &length); value;
	     value = proc_fdinfo_find(value, "lock", &length)) {
		if (!parse_line(value, length, &line))
			dump_fd_problem(dump, fd, VERDICT_BLOCKING, NULL,
					"its lock \"%.*s\" is not understood", (int)length, value);
		else if (add_lock(dump, fd, &line, file, err) < 0)
			return -1;
	}
	return 0;
}
