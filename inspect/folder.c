/* SPDX-License-Identifier: MIT */
#include "inspect/folder.h"

#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

static int walk(int root, const char *path, folder_file *file, void *context, struct err *err);

static int visit(int root, const char *name, folder_file *file, void *context, struct err *err)
{
	struct stat st;

	if (fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "%s", name);
	if (S_ISDIR(st.st_mode))
		return walk(root, name, file, context, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IMAGE, "%s: neither a file nor a directory", name);
	return file(context, name, err);
}

/* Names are limited in length by entry_check_name(), and so is the depth. */
static int walk(int root, const char *path, folder_file *file, void *context, struct err *err)
{
	_cleanup_dir_ DIR *dir = NULL;
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *item;

	if (fd < 0)
		return err_sys(err, "open %s", path);
	dir = fdopendir(fd);
	if (!dir) {
		cleanup_close(&fd);
		return err_sys(err, "read %s", path);
	}
	while ((errno = 0, item = readdir(dir))) {
		_cleanup_free_ char *name = NULL;
		int top = strcmp(path, ".") == 0;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if (asprintf(&name, "%s%s%s", top ? "" : path, top ? "" : "/", item->d_name) < 0)
			return err_sys(err, "out of memory");
		if (entry_check_name(name, err) < 0 || visit(root, name, file, context, err) < 0)
			return -1;
	}
	return errno ? err_sys(err, "read %s", path) : 0;
}

int folder_walk(int root, folder_file *file, void *context, struct err *err)
{
	return walk(root, ".", file, context, err);
}

static int read_all(int fd, char *data, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = read(fd, data + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

int folder_read(int root, const char *name, size_t max, void **ret_data, size_t *ret_size,
		struct err *err)
{
	_cleanup_close_ int fd = openat(root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open %s", name);
	if ((uint64_t)st.st_size > max)
		return err_set(err, ERR_IMAGE, "%s: %lld bytes, at most %zu are possible", name,
			       (long long)st.st_size, max);
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return err_sys(err, "%s: out of memory", name);
	if (read_all(fd, data, (size_t)st.st_size) < 0)
		return err_sys(err, "read %s", name);
	*ret_data = TAKE_PTR(data);
	*ret_size = (size_t)st.st_size;
	return 0;
}
