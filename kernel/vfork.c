/* SPDX-License-Identifier: MIT */
#include "kernel/vfork.h"

#include <linux/kcmp.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fdcopy.h"
#include "kernel/processes.h"
#include "kernel/task_status.h"

bool vfork_shares(pid_t one, pid_t other, const struct kernel_features *features)
{
	return fdcopy_compare(one, other, KCMP_VM, 0, 0, features, NULL) == 0;
}

void vfork_explain(pid_t pid, const struct kernel_features *features, struct err *err)
{
	_cleanup_(processes_release) struct processes all = { 0 };
	struct proc_stat parent, child;

	if (task_stat(pid, &parent, NULL) < 0 || processes_read(&all, NULL) < 0)
		return;
	for (size_t i = 0; i < all.count; i++) {
		const struct process_entry *entry = &all.list[i];

		if (entry->parent != pid || entry->ended ||
		    !vfork_shares(pid, entry->pid, features) ||
		    task_stat(entry->pid, &child, NULL) < 0)
			continue;
		err_set(err, err->code,
			"process %d (%s) cannot be stopped while it waits in vfork for its child "
			"%d (%s, state %c), which has neither executed a program nor ended: try "
			"again later, with a longer --timeout, or end the child",
			pid, parent.comm, entry->pid, child.comm, child.state);
		return;
	}
}
