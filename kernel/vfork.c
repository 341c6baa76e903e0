/* SPDX-License-Identifier: MIT */
#include "kernel/vfork.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fdcopy.h"
#include "kernel/proc_stat.h"
#include "kernel/processes.h"
#include "kernel/readfile.h"

static int read_stat(pid_t pid, struct proc_stat *ret_stat)
{
	_cleanup_free_ char *text = NULL;
	char path[32];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_piece_at(AT_FDCWD, path, &text, &size, NULL) < 0)
		return -1;
	return proc_stat_parse(text, size, ret_stat, NULL);
}

bool vfork_shares(pid_t one, pid_t other, const struct kernel_features *features)
{
	return fdcopy_compare(one, other, KCMP_VM, 0, 0, features, NULL) == 0;
}

void vfork_explain(pid_t pid, const struct kernel_features *features, struct err *err)
{
	_cleanup_(processes_release) struct processes all = { 0 };
	struct proc_stat parent, child;

	if (read_stat(pid, &parent) < 0 || processes_read(&all, NULL) < 0)
		return;
	for (size_t i = 0; i < all.count; i++) {
		const struct process_entry *entry = &all.list[i];

		if (entry->parent != pid || entry->ended ||
		    !vfork_shares(pid, entry->pid, features) || read_stat(entry->pid, &child) < 0)
			continue;
		err_set(err, err->code,
			"process %d (%s) cannot be stopped while it waits in vfork for its child "
			"%d (%s, state %c), which has neither executed a program nor ended: try "
			"again later, with a longer --timeout, or end the child",
			pid, parent.comm, entry->pid, child.comm, child.state);
		return;
	}
}
