/* SPDX-License-Identifier: MIT */
#include "dump/late.h"

#include "dump/memory.h"
#include "dump/scan_ahead.h"
#include "dump/snapshot.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/maps_file.h"
#include "kernel/proc_maps_detail.h"
#include "kernel/readfile.h"

static void cleanup_scan(struct scan_ahead **ahead)
{
	scan_ahead_free(*ahead);
}

static int check(const struct target *target, pid_t pid, bool *ret_mistaken, struct err *err)
{
	_cleanup_close_ int proc = proc_open(pid, err);
	_cleanup_(maps_release) struct maps maps = { 0 };

	if (proc < 0 || maps_read_at(proc, "smaps", &maps, err) < 0)
		return -1;
	*ret_mistaken = maps_check(&target->maps, &maps, err) < 0;
	return *ret_mistaken ? -1 : 0;
}

/* Both walk the page tables: side by side. */
static int look(struct dump *dump, struct target *target, struct err *err)
{
	const struct snapshot *snapshot = target->snapshot;
	const struct process_memory *from = snapshot ? &snapshot->copy.memory : &target->memory;
	_cleanup_(cleanup_scan) struct scan_ahead *ahead = scan_ahead_start(from);

	if (check(target, snapshot ? snapshot->copy.pid : target->pid, &dump->mistaken, err) < 0 ||
	    memory_collect_late(IMAGE_GET(&dump->image, memory, target->own_pid, 0), from, ahead,
				err) < 0)
		return -1;
	target->late = false;
	return 0;
}

int late_settle(struct dump *dump, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].late && look(dump, &dump->targets[i], err) < 0)
			return err_prefix(err, "%s", dump->targets[i].name);
	return 0;
}
