/* SPDX-License-Identifier: MIT */
#include "dump/traced.h"

#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/proc_status.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <stdio.h>

static void find_name(pid_t pid, char *ret_name, size_t size)
{
	_cleanup_(proc_status_release) struct proc_status status = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[32];
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (read_piece_at(AT_FDCWD, path, &text, &length, NULL) < 0 ||
	    proc_status_parse(text, length, &status, NULL) < 0)
		return;
	snprintf(ret_name, size, "%s", status.name);
}

int traced_check(const struct tree *tree, struct err *err)
{
	char name[64] = "?", tracer_name[64] = "?";

	for (size_t i = 0; i < tree->n_processes; i++) {
		pid_t pid = tree->processes[i]->pid, tracer = tree->processes[i]->look.tracer;

		if (!tracer || !tree_has(tree, tracer))
			continue;
		find_name(pid, name, sizeof(name));
		find_name(tracer, tracer_name, sizeof(tracer_name));
		return err_set(err, ERR_UNSUPPORTED,
			       "pid %d (%s) is traced by pid %d (%s) of the same tree, which is "
			       "not supported yet: detach it first",
			       pid, name, tracer, tracer_name);
	}
	return 0;
}
