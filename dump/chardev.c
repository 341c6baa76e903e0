/* SPDX-License-Identifier: MIT */
#include "format/chardev.h"

#include "dump/file.h"
#include "format/err.h"

#include <string.h>
#include <sys/sysmacros.h>

/* Documentation/admin-guide/devices.txt: the devices of major 1 that remember nothing. */
static const struct name stateless[] = {
	{ "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 }, { "urandom", 9 }, {},
};

bool chardev_is_stateless(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && major(st->st_rdev) == 1 &&
	       name_of(stateless, minor(st->st_rdev));
}

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return chardev_is_stateless(&fd->stat);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct chardev *chardev = state;
	char *path;
	int found = dump_path(fd->target, fd->link, &fd->stat, &path, err);

	if (found < 0)
		return -1;
	chardev->major = major(fd->stat.st_rdev);
	chardev->minor = minor(fd->stat.st_rdev);
	/* A node of a private /dev may be gone: any node of that number is the same device. */
	if (!found) {
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"the path of the device is gone; it comes back as /dev/%s",
				name_of(stateless, chardev->minor));
		free(path);
		if (asprintf(&path, "/dev/%s", name_of(stateless, chardev->minor)) < 0)
			return err_sys(err, "out of memory");
	}
	chardev->path = path;
	return 0;
}

const struct file_type_dumper chardev_type_dumper = { &chardev_record, probe, collect };
