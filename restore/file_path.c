/* SPDX-License-Identifier: MIT */
/* Files by path: where they are now, whether they can be opened as they were, and opening them. */
#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/*
 * Set by fcntl(2) F_SETFL; all others are those of the open. O_ASYNC remembers the number of the
 * descriptor, and so the process itself sets it.
 */
#define SETTABLE (O_APPEND | O_DIRECT | O_NOATIME | O_NONBLOCK)

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

const char *restore_path(const struct restore *restore, const char *path, char *buffer, size_t size)
{
	for (size_t i = 0; i < restore->options->n_map_paths; i++) {
		const char *old = restore->options->map_paths[i], *new = strchr(old, '=');
		size_t length;

		if (!new)
			continue;
		length = (size_t)(new - old);
		while (length > 1 && old[length - 1] == '/')
			length--;
		if (strncmp(path, old, length) != 0 ||
		    (path[length] && path[length] != '/' && old[length - 1] != '/'))
			continue;
		snprintf(buffer, size, "%s%s%s", new + 1, old[length - 1] == '/' ? "/" : "",
			 path + length);
		return buffer;
	}
	return path;
}

static const char *type_name(mode_t mode)
{
	static const struct name names[] = {
		{ "regular file", S_IFREG },
		{ "directory", S_IFDIR },
		{ "character device", S_IFCHR },
		{ "block device", S_IFBLK },
		{ "FIFO", S_IFIFO },
		{ "symbolic link", S_IFLNK },
		{ "socket", S_IFSOCK },
		{},
	};
	const char *name = name_of(names, mode & S_IFMT);

	return name ? name : "file of an unknown type";
}

static const char remedy[] = "--map-path OLD=NEW says where it is now, --fd N=FILE what to take "
			     "instead";

static bool may_open(const struct file *file, const char *path)
{
	int access = (int)file->access & O_ACCMODE, mode = 0;

	if (file->flags & O_PATH)
		return true;
	if (access != O_WRONLY)
		mode |= R_OK;
	if (access != O_RDONLY)
		mode |= W_OK;
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

bool file_check_path(struct restore *restore, const struct file *file, const char *saved,
		     mode_t type, struct stat *ret_stat)
{
	char buffer[PATH_MAX];
	const char *path = restore_path(restore, saved, buffer, sizeof(buffer));

	if (fstatat(AT_FDCWD, path, ret_stat, file->flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) <
	    0) {
		file_problem(restore, file, VERDICT_BLOCKING, remedy, "%s: %s", path,
			     strerror(errno));
		return false;
	}
	if ((ret_stat->st_mode & S_IFMT) != (type & S_IFMT)) {
		file_problem(restore, file, VERDICT_BLOCKING, remedy, "%s is a %s and was a %s",
			     path, type_name(ret_stat->st_mode), type_name(type));
		return false;
	}
	if (!may_open(file, path)) {
		file_problem(restore, file, VERDICT_BLOCKING, remedy,
			     "%s cannot be opened for %s: %s", path,
			     file->access ? "writing" : "reading", strerror(errno));
		return false;
	}
	return true;
}

int file_set_flags(struct restore *restore, const struct file *file, int fd, struct err *err)
{
	/* The first one that the file system or the permissions do not allow must not hinder the
	 * others. */
	static const int delicate[] = { 0, O_DIRECT, O_NOATIME, O_DIRECT | O_NOATIME };
	int flags = fcntl(fd, F_GETFL), wanted = (int)file->flags & SETTABLE;

	if (flags < 0)
		return err_sys(err, "F_GETFL");
	if ((flags & SETTABLE) == wanted || (file->flags & O_PATH))
		return 0;
	for (size_t i = 0; i < sizeof(delicate) / sizeof(*delicate); i++) {
		int left = wanted & delicate[i];

		if (left != delicate[i] ||
		    fcntl(fd, F_SETFL, (flags & ~SETTABLE) | (wanted & ~left)) < 0)
			continue;
		if (left)
			file_problem(restore, file, VERDICT_APPROXIMATED, NULL,
				     "opened without%s%s, which is not possible here",
				     left & O_DIRECT ? " O_DIRECT" : "",
				     left & O_NOATIME ? " O_NOATIME" : "");
		return 0;
	}
	return err_sys(err, "set the flags 0%o", wanted);
}

/*
 * Never anything that makes or truncates. O_NONBLOCK so that nothing waits that has taken the
 * file's place; what F_SETFL can set comes after.
 */
static int open_flags(const struct file *file)
{
	int flags = (int)(file->access | file->flags);

	flags &= ~(SETTABLE | O_ASYNC | O_CREAT | O_EXCL | O_TRUNC);
	if (flags & TMPFILE_BIT)
		flags &= ~O_TMPFILE;
	return flags | O_NOCTTY | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK);
}

int file_open_path(struct restore *restore, const struct file *file, const char *saved, mode_t type,
		   int *ret_fd, struct err *err)
{
	char buffer[PATH_MAX];
	const char *path = restore_path(restore, saved, buffer, sizeof(buffer));
	_cleanup_close_ int fd = open(path, open_flags(file));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open %s", path);
	if ((st.st_mode & S_IFMT) != (type & S_IFMT))
		return err_set(err, ERR_HOST, "%s is a %s and was a %s", path,
			       type_name(st.st_mode), type_name(type));
	if (file_set_flags(restore, file, fd, err) < 0)
		return err_prefix(err, "%s", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int file_reopen(struct restore *restore, const struct file *file, int from, int *ret_fd,
		struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", from);
	fd = open(path, open_flags(file) & ~O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
