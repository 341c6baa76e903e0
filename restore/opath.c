/* SPDX-License-Identifier: MIT */
#include "format/opath.h"

#include "restore/descriptors.h"

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct opath *opath = state;
	struct stat st;

	(void)err;
	file_check_path(restore, file, opath->file.path, opath->file.mode, &st);
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct opath *opath = state;

	return file_open_path(restore, file, opath->file.path, opath->file.mode, ret_fd, err);
}

const struct file_type_restorer opath_type_restorer = { .record = &opath_record,
							.check = check,
							.open = open_it };
