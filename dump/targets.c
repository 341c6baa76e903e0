/* SPDX-License-Identifier: MIT */
#include "dump/targets.h"

#include "dump/foreknown.h"
#include "dump/target.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <string.h>

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
static void check_namespace(struct dump *dump, const struct target *target, char **first)
{
	_cleanup_free_ char *own = NULL;

	if (read_link_at(target->proc, "ns/pid", &own, NULL) < 0)
		return;
	if (!*first)
		*first = TAKE_PTR(own);
	if (!own || strcmp(*first, own) == 0)
		return;
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "it is in another pid namespace than pid %d, where numbers mean others",
		     dump->targets[0].pid);
	/* The namespace's init is nothing without it. */
	if (target->own_pid != 1)
		problems_remedy(&dump->problems, "save it by itself: pdump %d", target->pid);
}

static int add_target(struct dump *dump, const struct tree_process *process, char **namespace,
		      struct err *err)
{
	struct target *target = LIST_ADD(dump, targets, err);

	if (!target)
		return -1;
	*target = (struct target)TARGET_EMPTY;
	if (target_open(process->pid, dump->settings.frozen,
			foreknown_maps(dump->settings.foreknown, process->pid), dump->features,
			target, err) < 0)
		return -1;
	target->threads = dump->settings.threads;
	check_seccomp(dump, target);
	check_namespace(dump, target, namespace);
	return 0;
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

int targets_add(struct dump *dump, const struct tree *tree, struct err *err)
{
	_cleanup_free_ char *namespace = NULL;

	for (size_t i = 0; i < tree->n_processes; i++)
		if (add_target(dump, tree->processes[i], &namespace, err) < 0) {
			if (dump->settings.frozen || i == 0 ||
			    !target_ended(tree->processes[i]->pid))
				return -1;
			target_done(&dump->targets[--dump->n_targets]);
			dump->missed = true;
		}
	dump->tree = tree;
	check_leader(dump, tree);
	return 0;
}
