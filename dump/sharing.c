/* SPDX-License-Identifier: MIT */
#include "dump/sharing.h"

#include "dump/dump.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/fdcopy.h"
#include "kernel/vfork.h"

#include <linux/kcmp.h>
#include <stdlib.h>
#include <unistd.h>

/* Two processes that share something: the later one in the dump, and the first of those that do. */
typedef void found(struct dump *dump, const struct target *target, const struct target *first);

static void refuse_memory(struct dump *dump, const struct target *target,
			  const struct target *first)
{
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "it shares its address space with %s (CLONE_VM, but no thread of it), which "
		     "is not supported yet",
		     first->name);
	problems_remedy(&dump->problems, "if that is a vfork in progress, try again later");
	/* A dump waits for that. */
	if (!dump->settings.frozen)
		problems_pass(&dump->problems);
}

static void note_files(struct dump *dump, const struct target *target, const struct target *first)
{
	IMAGE_GET(&dump->image, process, target->own_pid, 0)->files_of = first->own_pid;
}

static void note_fs(struct dump *dump, const struct target *target, const struct target *first)
{
	IMAGE_GET(&dump->image, process, target->own_pid, 0)->fs_of = first->own_pid;
}

/* Whoever has none has the same none as we, who never undo anything. */
static void tell_undo(struct dump *dump, const struct target *target, const struct target *first)
{
	if (fdcopy_compare(target->pid, getpid(), KCMP_SYSVSEM, 0, 0, dump->features, NULL) != 0)
		problems_add(&dump->problems, VERDICT_LOST, target->name,
			     "it shares its list of semaphore operations to undo (semop) with %s",
			     first->name);
}

static const struct {
	int what;
	found *found;
} things[] = {
	{ KCMP_VM, refuse_memory },
	{ KCMP_FILES, note_files },
	{ KCMP_FS, note_fs },
	{ KCMP_SYSVSEM, tell_undo },
};

struct comparison {
	const struct dump *dump;
	int what;
};

/* kcmp(2) orders what differs, so that 200 processes need not be compared with each other one by one. */
static int compare(const void *a, const void *b, void *context)
{
	const struct comparison *c = context;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	int order = left == right ? 0
				  : fdcopy_compare(c->dump->targets[left].pid,
						   c->dump->targets[right].pid, c->what, 0, 0,
						   c->dump->features, NULL);

	if (order == 1)
		return -1;
	if (order == 2)
		return 1;
	return (left > right) - (left < right);
}

static void find_sharers(struct dump *dump, size_t *places, size_t thing)
{
	struct comparison c = { dump, things[thing].what };
	size_t first = 0;

	for (size_t i = 0; i < dump->n_targets; i++)
		places[i] = i;
	qsort_r(places, dump->n_targets, sizeof(*places), compare, &c);
	for (size_t i = 1; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[places[i]];

		if (fdcopy_compare(target->pid, dump->targets[places[first]].pid, c.what, 0, 0,
				   dump->features, NULL) == 0)
			things[thing].found(dump, target, &dump->targets[places[first]]);
		else
			first = i;
	}
}

/* A parent outside, which runs on in the same memory or waits for it. */
static void check_parent(struct dump *dump, const struct target *target)
{
	pid_t parent = target->status.ppid;

	if ((dump->tree && tree_has(dump->tree, parent)) || parent <= 0 ||
	    !vfork_shares(target->pid, parent, dump->features))
		return;
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "it shares its address space with its parent, pid %d, which is not dumped",
		     parent);
	problems_remedy(&dump->problems, "name the parent; or, if that is a vfork in progress, try "
					 "again later");
}

int sharing_collect(struct dump *dump, struct err *err)
{
	_cleanup_free_ size_t *places = calloc(dump->n_targets + 1, sizeof(*places));

	if (!places)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < sizeof(things) / sizeof(*things); i++)
		find_sharers(dump, places, i);
	for (size_t i = 0; i < dump->n_targets; i++)
		check_parent(dump, &dump->targets[i]);
	return 0;
}
