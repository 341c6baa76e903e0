/* SPDX-License-Identifier: MIT */
#include "format/directory.h"

#include "dump/file.h"
#include "format/cleanup.h"

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return S_ISDIR(fd->stat.st_mode);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct directory *directory = state;
	_cleanup_free_ char *path = NULL;
	int found = dump_path(fd->target, fd->link, &fd->stat, &path, err);

	if (found < 0)
		return -1;
	if (!found)
		dump_fd_problem(dump, fd, VERDICT_BLOCKING, NULL,
				"the directory is deleted, or another one stands in its place");
	return dump_file_id(path ? path : fd->link, -1, &fd->stat, &directory->file, err);
}

const struct file_type_dumper directory_type_dumper = { &directory_record, probe, collect };
