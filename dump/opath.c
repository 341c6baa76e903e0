/* SPDX-License-Identifier: MIT */
#include "format/opath.h"

#include "dump/file.h"

#include <fcntl.h>
#include <string.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return fd->info.flags & O_PATH;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct opath *opath = state;
	char *path;
	int found = dump_path(fd->target, fd->link, &fd->stat, &path, err);
	int ret;

	if (found < 0)
		return -1;
	if (!found)
		dump_fd_problem(dump, fd, VERDICT_BLOCKING, NULL,
				"opened with O_PATH, and no path leads there any more");
	ret = dump_file_id(path ? path : fd->link, -1, &fd->stat, &opath->file, err);
	free(path);
	return ret;
}

const struct file_type_dumper opath_type_dumper = { &opath_record, probe, collect };
