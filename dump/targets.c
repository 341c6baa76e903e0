/* SPDX-License-Identifier: MIT */
#include "dump/targets.h"

#include "dump/foreknown.h"
#include "dump/target.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/together.h"

#include <stdlib.h>
#include <string.h>

/* Of less the work is done before another thread has started. */
enum { PROCESSES_EACH = 8 };

/* Calls inside a process under seccomp go through its own filter, which may kill it; this asks beforehand. */
static void check_seccomp(struct dump *dump, const struct target *target)
{
	if (!target->status.seccomp)
		return;
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "it runs under seccomp (mode %u), which only CAP_SYS_ADMIN may read and lift",
		     target->status.seccomp);
}

/* The image knows one process by each number. */
static void check_namespace(struct dump *dump, const struct target *target)
{
	const struct target *first = &dump->targets[0];

	if (!first->pid_namespace || !target->pid_namespace ||
	    strcmp(first->pid_namespace, target->pid_namespace) == 0)
		return;
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "it is in another pid namespace than pid %d, where numbers mean others",
		     first->pid);
	/* The namespace's init is nothing without it. */
	if (target->own_pid != 1)
		problems_remedy(&dump->problems, "save it by itself: pdump %d", target->pid);
}

/* What is opened side by side, and what came of it. */
struct opening {
	struct dump *dump;
	const struct tree *tree;
	struct err *errs; /* of each target; code 0: it is open */
};

static void open_one(void *context, size_t index)
{
	const struct opening *opening = context;
	const struct dump_settings *settings = &opening->dump->settings;
	struct tree_process *process = opening->tree->processes[index];
	struct target *target = &opening->dump->targets[index];
	struct err err;

	if (target_open(process->pid, settings->frozen ? &process->frozen : NULL,
			foreknown_maps(settings->foreknown, process->pid), opening->dump->features,
			target, &err) < 0)
		opening->errs[index] = err;
	target->threads = settings->threads;
}

static void check_leader(struct dump *dump, const struct tree *tree)
{
	if (!tree->foreign)
		return;
	problems_add(&dump->problems, VERDICT_NOTE, "session",
		     "its leader, pid %d, belongs to another user and is left out: processes come "
		     "back without it",
		     tree->foreign);
	problems_remedy(&dump->problems, "run pdump as root to save it too");
}

/* Those that are open stay, in their order. Others may be missed if nothing held them. */
static int keep_open(struct dump *dump, const struct opening *opening, struct err *err)
{
	size_t kept = 0, n = dump->n_targets;
	int ret = 0;

	for (size_t i = 0; i < n; i++) {
		struct target *target = &dump->targets[i];

		if (opening->errs[i].code == 0) {
			dump->targets[kept++] = *target;
			continue;
		}
		if (ret == 0 && (dump->settings.frozen || i == 0 ||
				 !target_ended(opening->tree->processes[i]->pid))) {
			*err = opening->errs[i];
			ret = -1;
		}
		target_done(target);
		dump->missed = true;
	}
	dump->n_targets = kept;
	return ret;
}

static int open_all(struct dump *dump, const struct tree *tree, struct err *err)
{
	size_t n = tree->n_processes;
	_cleanup_free_ struct err *errs = calloc(n + 1, sizeof(*errs));
	struct opening opening = { dump, tree, errs };

	dump->targets = calloc(n + 1, sizeof(*dump->targets));
	if (!errs || !dump->targets)
		return err_sys(err, "out of memory");
	dump->n_targets = n;
	for (size_t i = 0; i < n; i++)
		dump->targets[i] = (struct target)TARGET_EMPTY;
	together(together_some(dump->settings.threads, n / PROCESSES_EACH), n, open_one, &opening);
	return keep_open(dump, &opening, err);
}

/* In their order, parents come first. */
static void find_parents(struct dump *dump)
{
	for (size_t i = 1; i < dump->n_targets; i++)
		for (size_t k = 0; k < i && !dump->targets[i].parent; k++)
			if (dump->targets[k].pid == dump->targets[i].status.ppid)
				dump->targets[i].parent = &dump->targets[k];
}

int targets_add(struct dump *dump, const struct tree *tree, struct err *err)
{
	if (open_all(dump, tree, err) < 0)
		return -1;
	for (size_t i = 0; i < dump->n_targets; i++) {
		check_seccomp(dump, &dump->targets[i]);
		check_namespace(dump, &dump->targets[i]);
	}
	find_parents(dump);
	dump->tree = tree;
	check_leader(dump, tree);
	return 0;
}
