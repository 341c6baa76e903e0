/* SPDX-License-Identifier: MIT */
#include "format/inotify.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>

/* Watch descriptors are counted up; beyond this many steps somebody has made the image up. */
enum { WD_LIMIT = 1 << 20 };

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct inotify *saved = state;
	char buffer[PATH_MAX];
	uint32_t last = 0;

	for (size_t i = 0; i < saved->n_watches; i++) {
		const struct inotify_watch *watch = &saved->watches[i];
		const char *path = restore_path(restore, watch->path, buffer, sizeof(buffer));

		if (watch->wd <= last || watch->wd > WD_LIMIT)
			return err_set(err, ERR_IMAGE,
				       "files/%u.json: $.inotify.watches[%zu].wd: %u is out of "
				       "order or too large",
				       file->id, i, watch->wd);
		last = watch->wd;
		if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) < 0)
			file_problem(restore, file, VERDICT_BLOCKING,
				     "--map-path OLD=NEW says where it is now",
				     "%s, which is watched: %s", path, strerror(errno));
	}
	return 0;
}

/* The kernel gives numbers in turn: go there step by step. */
static int add(int fd, const struct inotify_watch *watch, const char *path, int last,
	       struct err *err)
{
	for (;;) {
		int wd = inotify_add_watch(fd, path, watch->events | IN_DONT_FOLLOW);

		if (wd < 0)
			return err_sys(err, "watch %s", path);
		if (wd == (int)watch->wd)
			return 0;
		if (wd <= last || wd > (int)watch->wd)
			return err_set(err, ERR_HOST,
				       "watch %u of %s came out as %d; is it watched twice?",
				       watch->wd, path, wd);
		if (inotify_rm_watch(fd, wd) < 0)
			return err_sys(err, "inotify_rm_watch");
	}
}

/* What adding and removing has told, and what happened meanwhile: nobody knows of it. */
static void drain(int fd)
{
	char buffer[4096];

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	const struct inotify *saved = state;
	char buffer[PATH_MAX];
	int last = 0;

	if (fd < 0)
		return err_sys(err, "inotify_init1 (the limit is in "
				    "/proc/sys/fs/inotify/max_user_instances)");
	for (size_t i = 0; i < saved->n_watches; i++) {
		const struct inotify_watch *watch = &saved->watches[i];

		if (add(fd, watch, restore_path(restore, watch->path, buffer, sizeof(buffer)), last,
			err) < 0)
			return -1;
		last = (int)watch->wd;
	}
	drain(fd);
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

const struct file_type_restorer inotify_type_restorer = {
	.record = &inotify_record,
	.check = check,
	.open = open_it,
};
