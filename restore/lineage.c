/* SPDX-License-Identifier: MIT */
#include "restore/lineage.h"

#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"
#include "restore/lineage_order.h"

#include <stdlib.h>

size_t lineage_find(const struct lineage *lineage, uint32_t number)
{
	for (size_t i = 0; i < lineage->n_nodes; i++)
		if (number && lineage->nodes[i].number == number)
			return i;
	return NOBODY;
}

static int add_node(struct lineage *lineage, struct node node, size_t *ret_node, struct err *err)
{
	struct node *slot = LIST_ADD(lineage, nodes, err);

	if (!slot)
		return -1;
	*slot = node;
	if (ret_node)
		*ret_node = lineage->n_nodes - 1;
	return 0;
}

static int add_processes(struct lineage *lineage, const struct image *image, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	for (size_t i = 0; i < pimage->n_pids; i++) {
		const struct process *process = IMAGE_GET(image, process, pimage->pids[i], 0);
		const struct memory *memory = IMAGE_GET(image, memory, pimage->pids[i], 0);
		struct node node = { .kind = NODE_PROCESS,
				     .number = process->pid,
				     .process = process,
				     .session = process->session,
				     .born_in = process->session,
				     .bearer = NOBODY };

		node.parent = lineage_find(lineage, process->parent);
		node.leads = i && process->session == process->pid;
		if (node.leads)
			node.born_in = ANY_SESSION;
		if (node.parent != NOBODY && memory && memory_inherits(memory))
			lineage->nodes[node.parent].gives_pages = true;
		if (add_node(lineage, node, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int add_zombies(struct lineage *lineage, struct err *err)
{
	size_t n_processes = lineage->n_nodes;

	for (size_t i = 0; i < n_processes; i++) {
		const struct process *process = lineage->nodes[i].process;

		for (size_t k = 0; k < process->n_zombies; k++) {
			const struct zombie *zombie = &process->zombies[k];
			struct node node = { .kind = NODE_ZOMBIE,
					     .number = zombie->pid,
					     .zombie = zombie,
					     .session = zombie->session,
					     .leads = zombie->session == zombie->pid,
					     .born_in = zombie->session,
					     .parent = i,
					     .bearer = NOBODY };

			if (node.leads)
				node.born_in = ANY_SESSION;
			if (add_node(lineage, node, NULL, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Who is in it from the beginning: the root, or who makes it. */
static size_t leader_of(const struct lineage *lineage, uint32_t session)
{
	if (session == lineage->nodes[0].session)
		return 0;
	for (size_t i = 0; i < lineage->n_nodes; i++)
		if (lineage->nodes[i].leads && lineage->nodes[i].session == session)
			return i;
	return NOBODY;
}

/* Who is outside is above all. */
static bool is_above(const struct lineage *lineage, size_t upper, size_t node)
{
	while (node != upper && node != NOBODY)
		node = lineage->nodes[node].parent;
	return node == upper;
}

/* In a session that its parent never was in, as far as it is known yet. */
static bool is_orphan(const struct lineage *lineage, size_t i)
{
	const struct node *node = &lineage->nodes[i], *parent;

	if (i == 0 || node->born_in == ANY_SESSION)
		return false;
	if (node->parent == NOBODY)
		return true;
	parent = &lineage->nodes[node->parent];
	return parent->session != node->born_in && parent->born_in != node->born_in;
}

/* Of the parents of a session's orphans the one who is farthest from the root: the session's leader, who has ended, came of that one. */
static size_t lowest_parent(const struct lineage *lineage, uint32_t session)
{
	size_t lowest = NOBODY;

	for (size_t i = 1; i < lineage->n_nodes; i++)
		if (is_orphan(lineage, i) && lineage->nodes[i].born_in == session &&
		    is_above(lineage, lowest, lineage->nodes[i].parent))
			lowest = lineage->nodes[i].parent;
	return lowest;
}

/* An orphan comes to a parent above the one whose child bears it. */
static bool can_come(const struct lineage *lineage, size_t orphan)
{
	const struct node *node = &lineage->nodes[orphan];
	size_t leader = leader_of(lineage, node->born_in);

	return is_above(lineage, node->parent,
			leader != NOBODY ? leader : lowest_parent(lineage, node->born_in));
}

/* If its parent leads a session, it may have been born before that: then the parent was born in its session. */
static bool bear_early(struct lineage *lineage, size_t orphan)
{
	const struct node *node = &lineage->nodes[orphan];
	struct node *parent = &lineage->nodes[node->parent];

	if (!parent->leads || parent->born_in != ANY_SESSION)
		return false;
	parent->born_in = node->born_in;
	return true;
}

/* A parent that was born in another session may be an orphan itself; that ends because each can be only once. */
static void settle_births(struct lineage *lineage)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 1; i < lineage->n_nodes; i++)
			changed |= is_orphan(lineage, i) && !can_come(lineage, i) &&
				   bear_early(lineage, i);
	}
}

static void refuse_homeless(const struct lineage *lineage, struct problems *problems)
{
	for (size_t i = 1; i < lineage->n_nodes; i++)
		if (is_orphan(lineage, i) && !can_come(lineage, i))
			lineage_refuse(lineage, i, problems);
}

static int make_leader(struct lineage *lineage, uint32_t session, size_t *ret_leader,
		       struct err *err)
{
	size_t parent = lowest_parent(lineage, session);
	struct node node = { .kind = NODE_LEADER,
			     .number = session,
			     .session = session,
			     .leads = true,
			     .born_in = ANY_SESSION };

	node.parent = node.bearer = parent == NOBODY ? 0 : parent;
	return add_node(lineage, node, ret_leader, err);
}

static int find_bearer(struct lineage *lineage, size_t of, size_t heir, size_t *ret_bearer,
		       struct err *err)
{
	struct node node = { .kind = NODE_BEARER,
			     .session = lineage->nodes[of].session,
			     .born_in = lineage->nodes[of].session,
			     .parent = heir,
			     .bearer = of };

	for (size_t i = 0; i < lineage->n_nodes; i++)
		if (lineage->nodes[i].kind == NODE_BEARER && lineage->nodes[i].bearer == of &&
		    lineage->nodes[i].parent == heir) {
			*ret_bearer = i;
			return 0;
		}
	return add_node(lineage, node, ret_bearer, err);
}

static int choose_bearers(struct lineage *lineage, struct err *err)
{
	size_t n = lineage->n_nodes;

	for (size_t i = 1; i < n; i++) {
		uint32_t session = lineage->nodes[i].born_in;
		size_t heir = lineage->nodes[i].parent, bearer = heir, leader;

		if (is_orphan(lineage, i) || heir == NOBODY) {
			leader = session == ANY_SESSION ? 0 : leader_of(lineage, session);
			if (leader == NOBODY && make_leader(lineage, session, &leader, err) < 0)
				return -1;
			if (find_bearer(lineage, leader, heir, &bearer, err) < 0)
				return -1;
		}
		lineage->nodes[i].bearer = bearer;
	}
	return 0;
}

static uint32_t group_of(const struct node *node)
{
	return node->process ? node->process->group : node->zombie ? node->zombie->group : 0;
}

/* A group whose leader has ended gets one for a while, of the session that it is in. The root's becomes prestore's affair. */
static int make_group_leaders(struct lineage *lineage, struct err *err)
{
	uint32_t outside = lineage->nodes[0].process->group;
	size_t n = lineage->n_nodes;

	for (size_t i = 1; i < n; i++) {
		uint32_t group = group_of(&lineage->nodes[i]);
		uint32_t session = lineage->nodes[i].session;
		struct node node = { .kind = NODE_LEADER,
				     .number = group,
				     .session = session,
				     .born_in = session,
				     .parent = i,
				     .bearer = i };

		if (group && group != outside && lineage_find(lineage, group) == NOBODY &&
		    add_node(lineage, node, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int lineage_plan(const struct image *image, struct problems *problems, struct lineage *ret_lineage,
		 struct err *err)
{
	struct lineage lineage = { 0 };

	if (add_processes(&lineage, image, err) < 0 || add_zombies(&lineage, err) < 0)
		goto failed;
	settle_births(&lineage);
	refuse_homeless(&lineage, problems);
	if (choose_bearers(&lineage, err) < 0 || make_group_leaders(&lineage, err) < 0 ||
	    lineage_share(&lineage, problems, err) < 0 ||
	    lineage_order(&lineage, problems, err) < 0)
		goto failed;
	*ret_lineage = lineage;
	return 0;
failed:
	lineage_done(&lineage);
	return -1;
}

void lineage_done(struct lineage *lineage)
{
	free(lineage->nodes);
	free(lineage->steps);
	*lineage = (struct lineage){ 0 };
}
