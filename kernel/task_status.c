/* SPDX-License-Identifier: MIT */
#include "kernel/task_status.h"

#include <fcntl.h>
#include <stdio.h>

#include "format/cleanup.h"
#include "kernel/readfile.h"

static int read_text(pid_t tid, const char *name, char **ret_text, size_t *ret_size,
		     struct err *err)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	return read_piece_at(AT_FDCWD, path, ret_text, ret_size, err);
}

int task_status(pid_t tid, struct proc_status *ret_status, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_text(tid, "status", &text, &size, err) < 0)
		return -1;
	return proc_status_parse(text, size, ret_status, err);
}

int task_stat(pid_t tid, struct proc_stat *ret_stat, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_text(tid, "stat", &text, &size, err) < 0)
		return -1;
	return proc_stat_parse(text, size, ret_stat, err);
}
