/* SPDX-License-Identifier: MIT */
#include "format/directory.h"

#include "restore/descriptors.h"

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct directory *directory = state;
	struct stat st;

	(void)err;
	if (!file_check_path(restore, file, directory->file.path, S_IFDIR, &st) || !file->offset)
		return 0;
	/* A position is a cookie of the file system; in another directory it means nothing. */
	if (st.st_ino != directory->file.inode)
		file_problem(restore, file, VERDICT_APPROXIMATED, NULL,
			     "%s is another directory than it was: a listing that was under way "
			     "may miss or repeat names",
			     directory->file.path);
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct directory *directory = state;

	return file_open_path(restore, file, directory->file.path, S_IFDIR, ret_fd, err);
}

static const char *path_of(const struct restore *restore, const void *state)
{
	(void)restore;
	return ((const struct directory *)state)->file.path;
}

const struct file_type_restorer directory_type_restorer = {
	.record = &directory_record, .check = check, .open = open_it, .path = path_of
};
