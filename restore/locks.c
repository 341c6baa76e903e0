/* SPDX-License-Identifier: MIT */
/* Locks on files. */
#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

static struct flock flock_of(const struct file_lock *lock)
{
	return (struct flock){ .l_type = lock->exclusive ? F_WRLCK : F_RDLCK,
			       .l_whence = SEEK_SET,
			       .l_start = (off_t)lock->start,
			       .l_len = (off_t)lock->length };
}

/* Asked through a description of its own, with which both kinds of record locks collide. */
static void check_lock(struct restore *restore, const struct file *file, const char *path, int fd,
		       const struct file_lock *lock)
{
	struct flock found = flock_of(lock);

	if (lock->kind == FILE_LOCK_FLOCK) {
		if (flock(fd, (lock->exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
			flock(fd, LOCK_UN);
		else if (errno == EWOULDBLOCK)
			file_problem(restore, file, VERDICT_BLOCKING,
				     "end the process that holds it",
				     "%s is locked by somebody else (flock)", path);
		return;
	}
	if (fcntl(fd, F_OFD_GETLK, &found) == 0 && found.l_type != F_UNLCK)
		file_problem(restore, file, VERDICT_BLOCKING, "end the process that holds it",
			     "%s is locked by process %d", path, found.l_pid);
}

void locks_check(struct restore *restore, const struct file *file, const char *saved)
{
	char buffer[PATH_MAX];
	const char *path = restore_path(restore, saved, buffer, sizeof(buffer));
	_cleanup_close_ int fd = -1;

	if (!file->n_locks)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	for (size_t i = 0; fd >= 0 && i < file->n_locks; i++)
		check_lock(restore, file, path, fd, &file->locks[i]);
}

int locks_make(const struct file *file, int fd, struct err *err)
{
	for (size_t i = 0; i < file->n_locks; i++) {
		const struct file_lock *lock = &file->locks[i];
		struct flock record = flock_of(lock);

		if (lock->kind == FILE_LOCK_OFD ? fcntl(fd, F_OFD_SETLK, &record) < 0
		    : lock->kind == FILE_LOCK_FLOCK
			    ? flock(fd, (lock->exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0
			    : 0)
			return err_sys(err, "lock the file");
	}
	return 0;
}
