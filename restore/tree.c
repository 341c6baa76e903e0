/* SPDX-License-Identifier: MIT */
#include "restore/tree.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/process.h"
#include "restore/birth.h"
#include "restore/controlling.h"
#include "restore/extra.h"
#include "restore/fill.h"
#include "restore/fill_previous.h"
#include "restore/fill_same.h"
#include "restore/inherit.h"
#include "restore/memory.h"
#include "restore/stopped.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct canvas *tree_canvas(const struct restore *restore, uint32_t own_pid)
{
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (restore->canvases[i].own_pid == own_pid)
			return &restore->canvases[i];
	return NULL;
}

bool tree_gives_pages(const struct restore *restore, uint32_t own_pid)
{
	return restore->lineage.nodes[lineage_find(&restore->lineage, own_pid)].gives_pages;
}

static unsigned users_of(const struct image *image, uint32_t contents)
{
	unsigned users = 0;

	IMAGE_EACH (image, memory, memory) {
		bool uses = false;

		for (size_t i = 0; i < memory->n_vmas; i++)
			uses |= memory->vmas[i].kind == VMA_SHM &&
				memory->vmas[i].contents == contents;
		users += uses;
	}
	return users;
}

bool tree_shares(const struct restore *restore, const struct shm *shm)
{
	return shm->kind == SHM_ANONYMOUS && users_of(&restore->image, shm->id) > 1;
}

static void check_shared_memory(struct restore *restore)
{
	IMAGE_EACH (&restore->image, shm, shm) {
		char object[24];

		if (!tree_shares(restore, shm))
			continue;
		snprintf(object, sizeof(object), "shm %u", shm->id);
		problems_add(&restore->problems,
			     shm->huge_page_size ? VERDICT_BLOCKING : VERDICT_APPROXIMATED, object,
			     "anonymous memory that processes share comes back as a memfd");
	}
}

int tree_check(struct restore *restore, struct err *err)
{
	check_shared_memory(restore);
	return lineage_plan(&restore->image, &restore->problems, &restore->lineage, err);
}

/* Its address space as soon as it is there, and filled before those are born that get pages from it. */
static int build(struct restore *restore, struct canvas *canvas, struct err *err)
{
	bool gives_pages = tree_gives_pages(restore, canvas->own_pid);

	canvas->frozen.memory.keep_shared = gives_pages || canvas->cloned || canvas->template;
	if (memory_map(restore, canvas, err) < 0 ||
	    (!canvas->template && fill_previous(restore, canvas, err) < 0) ||
	    (gives_pages && fill_process(restore->fill, restore, canvas->own_pid, err) < 0))
		return err_prefix(err, "%s: memory", canvas->name);
	return gives_pages ? fill_same(restore, canvas, err) : 0;
}

static int make_process(struct restore *restore, struct node *node, struct err *err)
{
	struct canvas *canvas = &restore->canvases[restore->n_canvases];

	*canvas = (struct canvas){ .own_pid = node->number, .frozen = FROZEN_EMPTY };
	snprintf(canvas->name, sizeof(canvas->name), "pid %u", node->number);
	if (birth_clone(restore->lineage.nodes[node->bearer].canvas,
			restore->keep ? node->number : 0, node->shares, END_TOLD, canvas, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	restore->n_canvases++;
	node->canvas = canvas;
	canvas->cloned = inherit_by_clone(restore, node);
	/* By executing its program it would get a descriptor table of its own. */
	if (!canvas->cloned && !(node->shares & CLONE_FILES) &&
	    birth_execute(restore, canvas, node->process, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return build(restore, canvas, err);
}

static int make_root(struct restore *restore, struct node *node, struct err *err)
{
	struct canvas *root = &restore->canvases[0];
	int64_t present;

	node->canvas = root;
	/* That of a template has come with it. */
	if (!root->template &&
	    remote_open(&root->frozen, canvas_leader(root), NULL, &root->remote, err) < 0)
		return -1;
	present = CANVAS_CALL(root, err, getpid, 0);
	if (present < 0)
		return -1;
	root->present = (uint32_t)present;
	if (build(restore, root, err) < 0)
		return -1;
	return controlling_take(restore, root, err);
}

static int make_node(struct restore *restore, struct node *node, struct err *err)
{
	if (node->bearer == NOBODY)
		return make_root(restore, node, err);
	if (node->kind == NODE_PROCESS)
		return make_process(restore, node, err);
	return extra_make(restore, node, err);
}

static int make_session(struct restore *restore, const struct node *node, struct err *err)
{
	if (CANVAS_CALL(node->canvas, err, setsid, 0) < 0)
		return -1;
	return node->kind == NODE_PROCESS ? controlling_take(restore, node->canvas, err) : 0;
}

/* Who only stood between others that share something has its own again. */
static int leave(const struct lineage *lineage, struct err *err)
{
	for (size_t i = 0; i < lineage->n_nodes; i++) {
		const struct node *node = &lineage->nodes[i];

		if (node->leaves && CANVAS_CALL(node->canvas, err, unshare, node->leaves) < 0)
			return -1;
	}
	return 0;
}

int tree_make(struct restore *restore, struct err *err)
{
	const struct lineage *lineage = &restore->lineage;

	for (size_t i = 0; i < lineage->n_steps; i++) {
		const struct lineage_step *step = &lineage->steps[i];
		struct node *node = &lineage->nodes[step->node];
		int ret = step->action == LINEAGE_BIRTH ? make_node(restore, node, err)
							: make_session(restore, node, err);

		if (ret < 0)
			return -1;
	}
	return leave(lineage, err);
}

/* Whose number the group has now: its leader's, or the root's for the one that the root was in. */
static const struct canvas *leader_of(const struct restore *restore, uint32_t group)
{
	size_t leader = group == restore->lineage.nodes[0].process->group
				? NOBODY
				: lineage_find(&restore->lineage, group);

	return leader == NOBODY ? &restore->canvases[0] : restore->lineage.nodes[leader].canvas;
}

/* As most are, from birth. */
static bool in_group(const struct restore *restore, const struct canvas *canvas, uint32_t group)
{
	return getpgid(canvas->pid) == leader_of(restore, group)->pid;
}

static uint32_t group_of(const struct node *node)
{
	return node->process ? node->process->group : node->zombie ? node->zombie->group : 0;
}

static bool is_group(const struct lineage *lineage, uint32_t number)
{
	for (size_t i = 0; number && i < lineage->n_nodes; i++)
		if (group_of(&lineage->nodes[i]) == number)
			return true;
	return false;
}

/* Leaders first: a group can be joined only once it is there. One that has left its group since has to make it all the same. */
static int lead_groups(const struct lineage *lineage, struct err *err)
{
	for (size_t i = 1; i < lineage->n_nodes; i++) {
		const struct node *node = &lineage->nodes[i];

		if (!node->leads && is_group(lineage, node->number) &&
		    CANVAS_CALL(node->canvas, err, setpgid, 0, 0) < 0)
			return -1;
	}
	return 0;
}

static int join_groups(const struct restore *restore, struct err *err)
{
	for (size_t i = 1; i < restore->lineage.n_nodes; i++) {
		const struct node *node = &restore->lineage.nodes[i];
		uint32_t group = group_of(node);

		if (!node->leads && (node->process || node->zombie) && group != node->number &&
		    !in_group(restore, node->canvas, group) &&
		    CANVAS_CALL(node->canvas, err, setpgid, 0, leader_of(restore, group)->present) <
			    0)
			return -1;
	}
	return 0;
}

int tree_finish(struct restore *restore, struct err *err)
{
	if (lead_groups(&restore->lineage, err) < 0 || join_groups(restore, err) < 0 ||
	    controlling_foreground(restore, err) < 0)
		return -1;
	return extras_end(restore, err) < 0 ? -1 : stopped_make(restore, err);
}
