/* SPDX-License-Identifier: MIT */
/* What each process does with signals, what its threads block, and what is pending. */
#include "format/signals.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/names.h"
#include "format/process.h"
#include "format/thread.h"
#include "inspect/inspect.h"
#include "inspect/print.h"
#include "inspect/table.h"

static const struct column columns[] = {
	{ "THREAD", true },
	{ "PENDING", true },
	{ "BLOCKED", false },
	{},
};

static int print_threads(const struct inspect *inspect, const struct process *process, FILE *out,
			 struct err *err)
{
	_cleanup_table_ struct table table = { .columns = columns };

	for (size_t i = 0; i < process->n_threads; i++) {
		const struct thread *thread =
			IMAGE_GET(&inspect->image, thread, process->pid, process->threads[i]);
		_cleanup_free_ char *blocked = flags_text(signal_set_names, thread->blocked, " ");

		if (!blocked)
			return err_sys(err, "out of memory");
		table_add(&table, "%u", thread->tid);
		table_add(&table, "%zu", thread->n_pending);
		table_add(&table, "%s", *blocked ? blocked : "-");
	}
	return table_print(&table, out, err);
}

int signals_print(struct inspect *inspect, FILE *out, struct err *err)
{
	IMAGE_EACH (&inspect->image, process, process) {
		if (!inspect_wants(inspect, process->pid))
			continue;
		inspect_heading(inspect, process->pid, out);
		record_print(&signals_record, IMAGE_GET(&inspect->image, signals, process->pid, 0),
			     0, out);
		if (print_threads(inspect, process, out, err) < 0)
			return -1;
	}
	return 0;
}
