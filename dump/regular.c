/* SPDX-License-Identifier: MIT */
#include "format/regular.h"

#include "dump/file.h"
#include "format/cleanup.h"
#include "format/err.h"

#include <fcntl.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return S_ISREG(fd->stat.st_mode);
}

/* Reads the file with an offset of its own, also where the target may only write. */
static int reader(const struct dump_fd *fd)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd->fd);
	return openat(fd->target->proc, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct regular *regular = state;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int file = reader(fd);
	int found = dump_path(fd->target, fd->link, &fd->stat, &path, err);

	if (found < 0 ||
	    dump_file_id(path ? path : fd->link, file, &fd->stat, &regular->file, err) < 0)
		return -1;
	if (found)
		return 0;
	if (fd->stat.st_nlink)
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"this path leads no longer to the file, which has other names; it "
				"comes back as a copy without a name");
	return dump_contents(dump, fd->target, NULL, file >= 0 ? file : fd->copy,
			     &regular->file.contents, err);
}

const struct file_type_dumper regular_type_dumper = { &regular_record, probe, collect };
