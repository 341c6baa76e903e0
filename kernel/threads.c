/* SPDX-License-Identifier: MIT */
#include "kernel/threads.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "format/err.h"
#include "kernel/readfile.h"

size_t threads_count(int procdir)
{
	struct stat st;

	return fstatat(procdir, "task", &st, 0) == 0 && st.st_nlink > 2 ? st.st_nlink - 2 : 0;
}

int threads_list(int procdir, pid_t pid, uint32_t **ret_tids, size_t *ret_count, struct err *err)
{
	uint32_t *tids;

	if (threads_count(procdir) != 1)
		return list_numbers_at(procdir, "task", ret_tids, ret_count, err);
	tids = malloc(sizeof(*tids));
	if (!tids)
		return err_sys(err, "out of memory");
	*tids = (uint32_t)pid;
	*ret_tids = tids;
	*ret_count = 1;
	return 0;
}
