/* SPDX-License-Identifier: MIT */
#include "dump/sharing.h"

#include "dump/dump.h"
#include "dump/tree.h"
#include "format/err.h"
#include "format/process.h"
#include "format/together.h"
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

/* Whoever has none has the same none as we: sharing_look sees to that. */
static bool may_undo(const struct dump *dump, const struct target *target)
{
	return fdcopy_compare(target->pid, getpid(), KCMP_SYSVSEM, 0, 0, dump->features, NULL) != 0;
}

static bool may_share_memory(const struct dump *dump, const struct target *target)
{
	(void)dump;
	return !target->alone;
}

/* In one address space all of these are the same. */
static int compare_layouts(const struct target *a, const struct target *b)
{
	const struct proc_stat *left = &a->stat, *right = &b->stat;
	const uint64_t x[] = { left->startcode, left->startstack, left->arg_start,
			       left->env_start };
	const uint64_t y[] = { right->startcode, right->startstack, right->arg_start,
			       right->env_start };

	return memcmp(x, y, sizeof(x));
}

static const struct thing {
	int what;
	enum when {
		FIRST, /* before a thread is started here, which shares a list with us (ipc/sem.c, copy_semundo) */
		SIDE_BY_SIDE,
		LATE, /* when processes have answered, who may have told */
	} when;
	/* NULL: always, nothing. */
	bool (*may)(const struct dump *dump, const struct target *target);
	int (*differ)(const struct target *a,
		      const struct target *b); /* without asking the kernel */
	found *found;
} things[] = {
	{ KCMP_VM, LATE, may_share_memory, compare_layouts, refuse_memory },
	{ KCMP_FILES, SIDE_BY_SIDE, NULL, NULL, note_files },
	{ KCMP_FS, SIDE_BY_SIDE, NULL, NULL, note_fs },
	{ KCMP_SYSVSEM, FIRST, may_undo, NULL, tell_undo },
};
#define THINGS (sizeof(things) / sizeof(*things))

/* Of less the work is done before another thread has started. */
enum { PROCESSES_EACH = 32 };

/* Places in dump->targets, of each thing in its order: those that share it follow one another. */
struct sharers {
	struct order {
		size_t *places;
		size_t count;
		bool equal; /* two were */
	} orders[THINGS];
};

struct comparison {
	const struct dump *dump;
	const struct thing *thing;
	bool equal;
};

/* kcmp(2) orders what differs, so that 200 processes need not be compared with each other one by one. */
static int compare(const void *a, const void *b, void *context)
{
	struct comparison *c = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct target *left = &c->dump->targets[x], *right = &c->dump->targets[y];
	int order = x != y && c->thing->differ ? c->thing->differ(left, right) : 0;

	if (x == y || order)
		return order;
	order = fdcopy_compare(left->pid, right->pid, c->thing->what, 0, 0, c->dump->features,
			       NULL);
	c->equal |= order == 0;
	if (order == 1)
		return -1;
	if (order == 2)
		return 1;
	return (x > y) - (x < y);
}

static void put_in_order(const struct dump *dump, const struct thing *thing, struct order *order)
{
	struct comparison c = { dump, thing, false };

	for (size_t i = 0; i < dump->n_targets; i++)
		if (!thing->may || thing->may(dump, &dump->targets[i]))
			order->places[order->count++] = i;
	qsort_r(order->places, order->count, sizeof(*order->places), compare, &c);
	order->equal = c.equal;
}

/* What is looked at now. */
struct looking {
	const struct dump *dump;
	enum when when;
	struct sharers *sharers;
};

static int look_at_thing(void *context, size_t index, struct err *err)
{
	const struct looking *looking = context;
	struct order *order = &looking->sharers->orders[index];

	if (things[index].when != looking->when)
		return 0;
	order->places = calloc(looking->dump->n_targets + 1, sizeof(*order->places));
	if (!order->places)
		return err_sys(err, "out of memory");
	put_in_order(looking->dump, &things[index], order);
	return 0;
}

static int look_at_things(const struct dump *dump, enum when when, struct sharers *sharers)
{
	struct looking looking = { dump, when, sharers };
	unsigned threads = together_some(dump->settings.threads, dump->n_targets / PROCESSES_EACH);

	return together_try(when == SIDE_BY_SIDE ? threads : 1, THINGS, look_at_thing, &looking,
			    NULL);
}

struct sharers *sharing_look(const struct dump *dump)
{
	struct sharers *sharers = calloc(1, sizeof(*sharers));

	/* Another thread did so before. Nobody has to be allowed to leave a list. */
	unshare(CLONE_SYSVSEM);
	if (sharers && look_at_things(dump, FIRST, sharers) == 0 &&
	    look_at_things(dump, SIDE_BY_SIDE, sharers) == 0)
		return sharers;
	sharing_free(sharers);
	return NULL;
}

void sharing_free(struct sharers *sharers)
{
	for (size_t i = 0; sharers && i < THINGS; i++)
		free(sharers->orders[i].places);
	free(sharers);
}

/* Neighbours have been compared with each other: there is no other way to know their order. */
static void find_sharers(struct dump *dump, const struct thing *thing, const struct order *order)
{
	size_t first = 0;

	for (size_t i = 1; order->equal && i < order->count; i++) {
		const struct target *target = &dump->targets[order->places[i]];
		const struct target *earlier = &dump->targets[order->places[first]];

		if (fdcopy_compare(target->pid, earlier->pid, thing->what, 0, 0, dump->features,
				   NULL) == 0)
			thing->found(dump, target, earlier);
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
	if (!dump->sharers)
		dump->sharers = sharing_look(dump);
	if (!dump->sharers || look_at_things(dump, LATE, dump->sharers) < 0)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < THINGS; i++)
		find_sharers(dump, &things[i], &dump->sharers->orders[i]);
	for (size_t i = 0; i < dump->n_targets; i++)
		check_parent(dump, &dump->targets[i]);
	return 0;
}
