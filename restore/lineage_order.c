/* SPDX-License-Identifier: MIT */
#include "restore/lineage_order.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <stdlib.h>

/* A child of a child of a helper ... deeper than that is made by nobody; the limit is for hostile images. */
enum { MAX_DEPTH = 1000 };

enum progress { TO_DO, UNDER_WAY, BORN, IN_SESSION };

struct order {
	struct lineage *lineage;
	struct problems *problems;
	enum progress *progress; /* of each node */
};

void lineage_refuse(const struct lineage *lineage, size_t node, struct problems *problems)
{
	const struct node *n = &lineage->nodes[node];
	char object[24];

	snprintf(object, sizeof(object), "%s %u", n->kind == NODE_ZOMBIE ? "zombie" : "pid",
		 n->number);
	problems_add(problems, VERDICT_BLOCKING, object,
		     "its session %u is not one that it could be born into and then come to its "
		     "parent",
		     n->session);
}

/* Before the one who bears it makes the session that it leads. */
static bool is_early(const struct lineage *lineage, size_t i)
{
	const struct node *node = &lineage->nodes[i];
	const struct node *bearer = &lineage->nodes[node->bearer];

	return bearer->leads && node->born_in != ANY_SESSION && node->born_in != bearer->session &&
	       node->born_in == bearer->born_in;
}

static int add_step(struct order *order, enum lineage_action action, size_t node, struct err *err)
{
	struct lineage_step *step = LIST_ADD(order->lineage, steps, err);

	if (!step)
		return -1;
	*step = (struct lineage_step){ action, node };
	return 0;
}

static int birth(struct order *order, size_t node, struct err *err)
{
	order->progress[node] = BORN;
	return add_step(order, LINEAGE_BIRTH, node, err);
}

/* Makes the session that it leads, after those who were born before. */
static int make_session(struct order *order, size_t node, struct err *err)
{
	struct lineage *lineage = order->lineage;

	if (!lineage->nodes[node].leads || order->progress[node] != BORN)
		return 0;
	for (size_t i = 1; i < lineage->n_nodes; i++)
		if (lineage->nodes[i].bearer == node && is_early(lineage, i) &&
		    order->progress[i] == TO_DO && birth(order, i, err) < 0)
			return -1;
	order->progress[node] = IN_SESSION;
	return add_step(order, LINEAGE_SESSION, node, err);
}

/* 1: it could not be ordered, which is told. */
static int order_one(struct order *order, size_t node, unsigned depth, struct err *err)
{
	const struct node *n = &order->lineage->nodes[node];
	int ret = 0;

	if (order->progress[node] >= BORN)
		return 0;
	if (order->progress[node] == UNDER_WAY || depth > MAX_DEPTH) {
		lineage_refuse(order->lineage, node, order->problems);
		return 1;
	}
	order->progress[node] = UNDER_WAY;
	if (n->bearer != NOBODY) {
		ret = order_one(order, n->bearer, depth + 1, err);
		if (ret == 0 && n->born_in != ANY_SESSION && !is_early(order->lineage, node))
			ret = make_session(order, n->bearer, err);
	}
	return ret ? ret : birth(order, node, err);
}

int lineage_order(struct lineage *lineage, struct problems *problems, struct err *err)
{
	_cleanup_free_ enum progress *progress = calloc(lineage->n_nodes, sizeof(*progress));
	struct order order = { lineage, problems, progress };

	if (!progress)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < lineage->n_nodes; i++) {
		int ret = order_one(&order, i, 0, err);

		if (ret)
			return ret < 0 ? -1 : 0;
	}
	for (size_t i = 0; i < lineage->n_nodes; i++)
		if (make_session(&order, i, err) < 0)
			return -1;
	return 0;
}
