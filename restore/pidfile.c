/* SPDX-License-Identifier: MIT */
#include "restore/pidfile.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int pidfile_write(const char *path, const pid_t *pids, size_t n, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool failed = fd < 0;

	for (size_t i = 0; i < n && !failed; i++)
		failed = dprintf(fd, "%d\n", pids[i]) < 0;
	if (!failed)
		return 0;
	err_sys(err, "cannot write %s", path);
	/* Of a list that was cut off nothing stays. */
	if (fd >= 0)
		pidfile_remove(path);
	return -1;
}

void pidfile_remove(const char *path)
{
	struct stat st;

	if (path && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path);
}
