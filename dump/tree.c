/* SPDX-License-Identifier: MIT */
#include "dump/tree.h"

#include "format/err.h"
#include "format/record.h"
#include "kernel/processes.h"

#include <stdlib.h>

static bool has(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (tree->processes[i]->pid == pid)
			return true;
	for (size_t i = 0; i < tree->n_zombies; i++)
		if (tree->zombies[i].pid == pid)
			return true;
	return false;
}

/* Whether it is one of the first `count`. */
static bool is_among(const struct tree *tree, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (tree->processes[i]->pid == pid)
			return true;
	return false;
}

static bool has_process(const struct tree *tree, pid_t pid)
{
	return is_among(tree, tree->n_processes, pid);
}

static int add(struct tree *tree, pid_t pid, bool freeze, const struct kernel_features *features,
	       struct err *err)
{
	struct tree_process *process = calloc(1, sizeof(*process));
	struct tree_process **slot;

	if (!process)
		return err_sys(err, "out of memory");
	*process = (struct tree_process){ .pid = pid, .frozen = FROZEN_EMPTY };
	if (freeze && freeze_process(pid, NULL, features, &process->frozen, err) < 0) {
		free(process);
		return -1;
	}
	slot = LIST_ADD(tree, processes, err);
	if (!slot) {
		thaw(&process->frozen);
		free(process);
		return -1;
	}
	*slot = process;
	return 0;
}

static int add_zombie(struct tree *tree, const struct process_entry *entry, struct err *err)
{
	struct tree_zombie *zombie = LIST_ADD(tree, zombies, err);

	if (!zombie)
		return -1;
	*zombie = (struct tree_zombie){ entry->pid, entry->parent };
	return 0;
}

/* Returns how many were not seen before. One that ends just now is no failure: it is a zombie next time, or gone. */
static int add_children(struct tree *tree, bool freeze, const struct kernel_features *features,
			struct err *err)
{
	_cleanup_(processes_release) struct processes all = { 0 };
	size_t standing = tree->n_processes;
	int added = 0;

	if (processes_read(&all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		const struct process_entry *entry = &all.list[i];

		if (!has_process(tree, entry->parent) || has(tree, entry->pid))
			continue;
		if (entry->ended) {
			/* A parent that was not frozen when this was read may have reaped it since: the next look tells. */
			if (is_among(tree, standing, entry->parent) &&
			    add_zombie(tree, entry, err) < 0)
				return -1;
			continue;
		}
		if (add(tree, entry->pid, freeze, features, err) < 0 && err->code != ERR_GONE)
			return -1;
		added++;
	}
	return added;
}

int tree_open(pid_t root, enum tree_scope scope, bool freeze,
	      const struct kernel_features *features, struct tree *ret_tree, struct err *err)
{
	struct tree tree = { 0 };
	int added = add(&tree, root, freeze, features, err);

	/* Without freezing new ones may come for ever; two looks then are enough for a check. */
	for (int i = 0; added >= 0 && scope == TREE_DESCENDANTS && (freeze || i < 2); i++) {
		added = add_children(&tree, freeze, features, err);
		if (added == 0)
			break;
	}
	if (added < 0) {
		tree_thaw(&tree);
		return -1;
	}
	*ret_tree = tree;
	return 0;
}

int tree_of(const pid_t *pids, size_t n_pids, struct tree *ret_tree, struct err *err)
{
	_cleanup_(processes_release) struct processes all = { 0 };
	_cleanup_tree_ struct tree tree = { 0 };

	for (size_t i = 0; i < n_pids; i++)
		if (add(&tree, pids[i], false, NULL, err) < 0)
			return -1;
	if (processes_read(&all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++)
		if (all.list[i].ended && has_process(&tree, all.list[i].parent) &&
		    add_zombie(&tree, &all.list[i], err) < 0)
			return -1;
	*ret_tree = tree;
	tree = (struct tree){ 0 };
	return 0;
}

void tree_thaw(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_processes; i++) {
		remote_release(&tree->processes[i]->remote);
		thaw(&tree->processes[i]->frozen);
		free(tree->processes[i]);
	}
	free(tree->processes);
	free(tree->zombies);
	*tree = (struct tree){ 0 };
}
