/* SPDX-License-Identifier: MIT */
/* What processes share from birth on: clone(2) with CLONE_FILES and CLONE_FS. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "restore/lineage_order.h"

#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct thing {
	uint64_t flag;
	size_t offset; /* of the first sharer in a struct process */
	const char *name;
} things[] = {
	{ CLONE_FILES, offsetof(struct process, files_of), "descriptor table" },
	{ CLONE_FS, offsetof(struct process, fs_of), "current directory" },
};

static uint32_t first_of(const struct process *process, const struct thing *thing)
{
	uint32_t first;

	memcpy(&first, (const char *)process + thing->offset, sizeof(first));
	return first;
}

/* With whom a node shares the thing when it is born: the number of the first of them; 0: with nobody. */
struct sharing {
	struct lineage *lineage;
	struct problems *problems;
	const struct thing *thing;
	uint32_t *group;
};

static void refuse(struct sharing *sharing, size_t node, uint32_t group)
{
	char object[24];

	snprintf(object, sizeof(object), "pid %u", sharing->lineage->nodes[node].number);
	problems_add(sharing->problems, VERDICT_BLOCKING, object,
		     "it cannot share its %s with process %u again: others stand between them",
		     sharing->thing->name, group);
}

static bool join(struct sharing *sharing, size_t node, uint32_t group)
{
	if (sharing->group[node] && sharing->group[node] != group)
		return false;
	sharing->group[node] = group;
	return true;
}

/* Where trees are refused, bearers may go round in a circle. */
static size_t depth_of(const struct lineage *lineage, size_t node)
{
	size_t depth = 0;

	while (lineage->nodes[node].bearer != NOBODY && depth < lineage->n_nodes) {
		node = lineage->nodes[node].bearer;
		depth++;
	}
	return depth;
}

/* All on the way from one to the other have it at first. */
static void connect(struct sharing *sharing, size_t one, size_t other, uint32_t group)
{
	const struct lineage *lineage = sharing->lineage;
	size_t member = one, depth = depth_of(lineage, one), other_depth = depth_of(lineage, other);
	bool joined = depth < lineage->n_nodes && other_depth < lineage->n_nodes;

	while (joined && one != other) {
		bool up = depth >= other_depth;
		size_t *lower = up ? &one : &other;

		joined = join(sharing, *lower, group);
		*lower = lineage->nodes[*lower].bearer;
		depth -= up;
		other_depth -= !up;
	}
	if (!joined || !join(sharing, one, group))
		refuse(sharing, member, group);
}

/* Executing a program gives a process a descriptor table of its own: it has to come by its program from its bearer. */
static void check_program(struct sharing *sharing, size_t i)
{
	const struct lineage *lineage = sharing->lineage;
	const struct process *process = lineage->nodes[i].process;
	size_t bearer = lineage->nodes[i].bearer;
	const struct process *other;

	while (!lineage->nodes[bearer].process)
		bearer = lineage->nodes[bearer].bearer;
	other = lineage->nodes[bearer].process;
	if (process &&
	    (process->exe.device != other->exe.device || process->exe.inode != other->exe.inode ||
	     strcmp(process->exe.path, other->exe.path) != 0))
		refuse(sharing, i, sharing->group[i]);
}

static void note(struct sharing *sharing)
{
	struct lineage *lineage = sharing->lineage;

	for (size_t i = 0; i < lineage->n_nodes; i++) {
		struct node *node = &lineage->nodes[i];
		uint32_t group = sharing->group[i];

		if (group && node->bearer != NOBODY && sharing->group[node->bearer] == group) {
			node->shares |= sharing->thing->flag;
			if (sharing->thing->flag == CLONE_FILES)
				check_program(sharing, i);
		}
		if (group && node->process && node->number != group &&
		    first_of(node->process, sharing->thing) != group)
			node->leaves |= sharing->thing->flag;
	}
}

int lineage_share(struct lineage *lineage, struct problems *problems, struct err *err)
{
	for (size_t t = 0; t < sizeof(things) / sizeof(*things); t++) {
		_cleanup_free_ uint32_t *group = calloc(lineage->n_nodes, sizeof(*group));
		struct sharing sharing = { lineage, problems, &things[t], group };

		if (!group)
			return err_sys(err, "out of memory");
		for (size_t i = 0; i < lineage->n_nodes; i++) {
			const struct process *process = lineage->nodes[i].process;
			uint32_t first = process ? first_of(process, &things[t]) : 0;

			if (first)
				connect(&sharing, i, lineage_find(lineage, first), first);
		}
		note(&sharing);
	}
	return 0;
}
