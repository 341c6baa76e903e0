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
#include <sched.h>
#include <stdlib.h>
#include <string.h>
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

static void tell_undo(struct dump *dump, const struct target *target, const struct target *first)
{
	problems_add(&dump->problems, VERDICT_LOST, target->name,
		     "it shares its list of semaphore operations to undo (semop) with %s",
		     first->name);
}

/* Whoever has none has the same none as we: sharing_collect sees to that. */
static bool may_undo(const struct dump *dump, const struct target *target)
{
	return fdcopy_compare(target->pid, getpid(), KCMP_SYSVSEM, 0, 0, dump->features, NULL) != 0;
}

/* In one address space all of these are the same. */
static int compare_layouts(const void *a, const void *b, void *context)
{
	const struct dump *dump = context;
	const struct proc_stat *left = &dump->targets[*(const size_t *)a].stat;
	const struct proc_stat *right = &dump->targets[*(const size_t *)b].stat;
	const uint64_t x[] = { left->startcode, left->startstack, left->arg_start,
			       left->env_start };
	const uint64_t y[] = { right->startcode, right->startstack, right->arg_start,
			       right->env_start };

	return memcmp(x, y, sizeof(x));
}

/* Of two mappings that are in one address space at the same time no two are at the same place, as our scratch memory may be in all of these. */
static bool are_apart(const struct dump *dump, const size_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct remote *remote = dump->targets[places[i]].remote;
		const struct remote *first = dump->targets[places[0]].remote;

		if (!remote || remote->moved || !remote->scratch_size || remote->under ||
		    remote->scratch != first->scratch)
			return false;
	}
	return true;
}

static const struct thing {
	int what;
	bool (*may)(const struct dump *dump, const struct target *target); /* NULL: always */
	found *found;
} memory = { KCMP_VM, NULL, refuse_memory }, others[] = {
	{ KCMP_FILES, NULL, note_files },
	{ KCMP_FS, NULL, note_fs },
	{ KCMP_SYSVSEM, may_undo, tell_undo },
};

struct comparison {
	const struct dump *dump;
	int what;
	bool equal; /* two were */
};

/* kcmp(2) orders what differs, so that 200 processes need not be compared with each other one by one. */
static int compare(const void *a, const void *b, void *context)
{
	struct comparison *c = context;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	int order;

	if (left == right)
		return 0;
	order = fdcopy_compare(c->dump->targets[left].pid, c->dump->targets[right].pid, c->what, 0,
			       0, c->dump->features, NULL);
	c->equal |= order == 0;
	if (order == 1)
		return -1;
	if (order == 2)
		return 1;
	return (left > right) - (left < right);
}

static void find_among(struct dump *dump, const struct thing *thing, size_t *places, size_t count)
{
	struct comparison c = { dump, thing->what, false };
	size_t first = 0;

	qsort_r(places, count, sizeof(*places), compare, &c);
	/* Neighbours in the result have been compared with each other: there is no other way to know their order. */
	for (size_t i = 1; c.equal && i < count; i++) {
		const struct target *target = &dump->targets[places[i]];

		if (fdcopy_compare(target->pid, dump->targets[places[first]].pid, thing->what, 0, 0,
				   dump->features, NULL) == 0)
			thing->found(dump, target, &dump->targets[places[first]]);
		else
			first = i;
	}
}

static void find_sharers(struct dump *dump, const struct thing *thing, size_t *places)
{
	size_t count = 0;

	for (size_t i = 0; i < dump->n_targets; i++)
		if (!thing->may || thing->may(dump, &dump->targets[i]))
			places[count++] = i;
	find_among(dump, thing, places, count);
}

static void find_memory_sharers(struct dump *dump, size_t *places)
{
	size_t end;

	for (size_t i = 0; i < dump->n_targets; i++)
		places[i] = i;
	qsort_r(places, dump->n_targets, sizeof(*places), compare_layouts, dump);
	for (size_t i = 0; i < dump->n_targets; i = end) {
		for (end = i + 1;
		     end < dump->n_targets && compare_layouts(&places[i], &places[end], dump) == 0;)
			end++;
		if (!are_apart(dump, &places[i], end - i))
			find_among(dump, &memory, &places[i], end - i);
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
	/* A thread that was started gave us an empty list to share with it (ipc/sem.c, copy_semundo). Nobody has to be allowed to leave it. */
	unshare(CLONE_SYSVSEM);
	find_memory_sharers(dump, places);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		find_sharers(dump, &others[i], places);
	for (size_t i = 0; i < dump->n_targets; i++)
		check_parent(dump, &dump->targets[i]);
	return 0;
}
