/* SPDX-License-Identifier: MIT */
#include "format/chardev.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <sys/sysmacros.h>

static bool is_device(const struct chardev *chardev, const struct stat *st)
{
	return major(st->st_rdev) == chardev->major && minor(st->st_rdev) == chardev->minor;
}

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct chardev *chardev = state;
	struct stat st;

	(void)err;
	if (file_check_path(restore, file, chardev->path, S_IFCHR, &st) && !is_device(chardev, &st))
		file_problem(restore, file, VERDICT_BLOCKING, "--map-path OLD=NEW",
			     "%s is device %u:%u and was %u:%u", chardev->path, major(st.st_rdev),
			     minor(st.st_rdev), chardev->major, chardev->minor);
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct chardev *chardev = state;
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (file_open_path(restore, file, chardev->path, S_IFCHR, &fd, err) < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !is_device(chardev, &st))
		return err_set(err, ERR_HOST, "%s is not device %u:%u", chardev->path,
			       chardev->major, chardev->minor);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static const char *path_of(const struct restore *restore, const void *state)
{
	(void)restore;
	return ((const struct chardev *)state)->path;
}

const struct file_type_restorer chardev_type_restorer = {
	.record = &chardev_record, .check = check, .open = open_it, .path = path_of
};
