/* SPDX-License-Identifier: MIT */
#include "dump/traced.h"

#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/task_status.h"

int traced_check(const struct tree *tree, struct err *err)
{
	_cleanup_(proc_status_release) struct proc_status one = { .name = "?" },
							  other = { .name = "?" };

	for (size_t i = 0; i < tree->n_processes; i++) {
		pid_t pid = tree->processes[i]->pid, tracer = tree->processes[i]->look.tracer;

		if (!tracer || !tree_has(tree, tracer))
			continue;
		task_status(pid, &one, NULL);
		task_status(tracer, &other, NULL);
		return err_set(err, ERR_UNSUPPORTED,
			       "pid %d (%s) is traced by pid %d (%s) of the same tree, which is "
			       "not supported yet: detach it first",
			       pid, one.name, tracer, other.name);
	}
	return 0;
}
