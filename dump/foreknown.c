/* SPDX-License-Identifier: MIT */
#include "dump/foreknown.h"

#include "dump/target.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/record.h"
#include "kernel/maps_file.h"
#include "kernel/readfile.h"

#include <stdlib.h>

static void read_process(struct foreknown *foreknown, pid_t pid)
{
	_cleanup_close_ int proc = proc_open(pid, NULL);
	_cleanup_(maps_release) struct maps maps = { 0 };
	struct foreknown_process *process;

	if (proc < 0 || maps_read_at(proc, "smaps", &maps, NULL) < 0 || !maps.detailed)
		return;
	process = LIST_ADD(foreknown, processes, NULL);
	if (!process)
		return;
	*process = (struct foreknown_process){ pid, maps };
	maps = (struct maps){ 0 };
}

void foreknown_read(struct foreknown *foreknown, const struct tree *tree)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (tree->processes[i]->look.private >= TARGET_LARGE)
			read_process(foreknown, tree->processes[i]->pid);
}

const struct maps *foreknown_maps(const struct foreknown *foreknown, pid_t pid)
{
	for (size_t i = 0; foreknown && i < foreknown->n_processes; i++)
		if (foreknown->processes[i].pid == pid)
			return &foreknown->processes[i].maps;
	return NULL;
}

void foreknown_done(struct foreknown *foreknown)
{
	for (size_t i = 0; i < foreknown->n_processes; i++)
		maps_release(&foreknown->processes[i].maps);
	free(foreknown->processes);
	*foreknown = (struct foreknown){ 0 };
}
