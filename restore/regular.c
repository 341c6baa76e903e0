/* SPDX-License-Identifier: MIT */
#include "format/regular.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/filestat.h"
#include "restore/descriptors.h"

#include <fcntl.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct regular *regular = state;
	struct filestat saved = { .size = regular->file.size, .mtime_ns = regular->file.mtime };
	struct filestat found;
	unsigned differs;
	struct stat st;
	char text[128];

	(void)err;
	if (regular->file.contents ||
	    !file_check_path(restore, file, regular->file.path, S_IFREG, &st))
		return 0;
	locks_check(restore, file, regular->file.path);
	found = filestat_of(&st);
	differs = filestat_compare(&found, &saved) & (FILESTAT_SIZE | FILESTAT_MTIME);
	if (found.size < file->offset && found.size < saved.size)
		file_problem(restore, file, VERDICT_NOTE, NULL,
			     "%s has %lu bytes now and is read or written at %lu",
			     regular->file.path, found.size, file->offset);
	else if (differs)
		file_problem(restore, file, VERDICT_NOTE, NULL,
			     "%s was changed since it was saved: %s", regular->file.path,
			     filestat_explain(differs, &found, &saved, text, sizeof(text)));
	return 0;
}

/* O_TMPFILE cannot be had by reopening: the description that made the file has it. */
static int open_contents(struct restore *restore, const struct file *file, uint32_t id, int *ret_fd,
			 struct err *err)
{
	const struct made_object *object = restore_object(restore, KIND_shm, id);
	int made = object->fds[object->fds[0] >= 0 ? 0 : 1], flags = fcntl(made, F_GETFL), fd;

	if (!(flags & file->flags & O_TMPFILE & ~O_DIRECTORY) ||
	    (flags & O_ACCMODE) != (int)file->access)
		return file_reopen(restore, file, made, ret_fd, err);
	fd = fcntl(made, F_DUPFD_CLOEXEC, restore->base);
	if (fd < 0)
		return err_sys(err, "duplicate descriptor %d", made);
	*ret_fd = fd;
	return file_set_flags(restore, file, fd, err);
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct regular *regular = state;

	if (regular->file.contents)
		return open_contents(restore, file, regular->file.contents, ret_fd, err);
	return file_open_path(restore, file, regular->file.path, S_IFREG, ret_fd, err);
}

static const char *path_of(const struct restore *restore, const void *state)
{
	const struct regular *regular = state;

	(void)restore;
	return regular->file.contents ? NULL : regular->file.path;
}

const struct file_type_restorer regular_type_restorer = {
	.record = &regular_record, .check = check, .open = open_it, .path = path_of
};
