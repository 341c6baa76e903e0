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

static int collect_contents(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id,
			    struct err *err)
{
	_cleanup_close_ int file = reader(fd);

	if (fd->stat.st_nlink)
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"this path leads no longer to the file, which has other names; it "
				"comes back as a copy without a name");
	return dump_contents(dump, fd->target, NULL, file >= 0 ? file : fd->copy, ret_id, err);
}

/* A file that its path gives back is not even opened here: watches and access times would tell. */
static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct regular *regular = state;
	_cleanup_free_ char *path = NULL;
	int found = dump_path(fd->target, fd->link, &fd->stat, &path, err);

	if (found < 0 ||
	    dump_file_id(path ? path : fd->link, -1, &fd->stat, &regular->file, err) < 0)
		return -1;
	return found ? 0 : collect_contents(dump, fd, &regular->file.contents, err);
}

const struct file_type_dumper regular_type_dumper = { &regular_record, probe, collect };
