/* SPDX-License-Identifier: MIT */
#include "kernel/task_status.h"

#include <fcntl.h>
#include <stdio.h>

#include "format/cleanup.h"
#include "kernel/readfile.h"

int task_status(pid_t tid, struct proc_status *ret_status, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char path[32];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (read_piece_at(AT_FDCWD, path, &text, &size, err) < 0)
		return -1;
	return proc_status_parse(text, size, ret_status, err);
}
