/* SPDX-License-Identifier: MIT */
#include "restore/file_check.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/elf_build_id.h"
#include "kernel/filestat.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void changed(struct restore *restore, const char *object, const char *path, const char *how)
{
	enum verdict verdict =
		restore->options->changed_files ? VERDICT_APPROXIMATED : VERDICT_BLOCKING;

	problems_add(&restore->problems, verdict, object, "%s is not the file it was: %s", path,
		     how);
	if (verdict == VERDICT_BLOCKING)
		problems_remedy(&restore->problems,
				"--map-path=%s=WHERE-IT-IS, or --changed-files=accept", path);
}

static void compare_build_id(struct restore *restore, const char *object, const char *path, int fd,
			     const struct file_id *saved)
{
	char now[ELF_BUILD_ID_MAX] = "none", how[2 * ELF_BUILD_ID_MAX + 64];

	if (elf_build_id_of_fd(fd, now, NULL) == 1 && strcmp(now, saved->build_id) == 0)
		return;
	snprintf(how, sizeof(how), "build-id %s, expected %s", now, saved->build_id);
	changed(restore, object, path, how);
}

static void compare_stat(struct restore *restore, const char *object, const char *path,
			 const struct stat *st, const struct file_id *saved, bool data)
{
	const struct filestat now = filestat_of(st);
	const struct filestat then = { .size = saved->size, .mtime_ns = saved->mtime };
	unsigned differs = filestat_compare(&now, &then);
	char how[256];

	if (data ? now.size >= then.size : !(differs & (FILESTAT_SIZE | FILESTAT_MTIME)))
		return;
	differs &= data ? FILESTAT_SIZE : FILESTAT_SIZE | FILESTAT_MTIME;
	changed(restore, object, path, filestat_explain(differs, &now, &then, how, sizeof(how)));
}

int file_check(struct restore *restore, const char *object, const struct file_id *saved, bool data,
	       bool writable, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char buffer[4096];
	const char *path = restore_path(restore, saved->path, buffer, sizeof(buffer));
	struct stat st;

	(void)err;
	if (ret_fd)
		*ret_fd = -1;
	fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	/* A program may be executable without being readable; nothing more can be said of it then. */
	if (fd < 0 && !ret_fd && errno == EACCES && access(path, X_OK) == 0)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		problems_add(&restore->problems, VERDICT_BLOCKING, object, "cannot open %s%s: %s",
			     path, writable ? " for writing" : "", strerror(errno));
		problems_remedy(&restore->problems, "--map-path=%s=WHERE-IT-IS", saved->path);
		return 0;
	}
	if ((st.st_mode & S_IFMT) != (saved->mode & S_IFMT))
		changed(restore, object, path, "it is of another type");
	else if (saved->build_id)
		compare_build_id(restore, object, path, fd, saved);
	else
		compare_stat(restore, object, path, &st, saved, data);
	if (ret_fd)
		*ret_fd = TAKE_FD(fd);
	return 0;
}
