/* SPDX-License-Identifier: MIT */
/* Two hundred children, in groups of ten and in sessions of their own. */
#include "tree.h"

enum { CHILDREN = 200, GROUP = 10 };

static void look(struct view *view, void *state)
{
	(void)state;
	tree_view(view);
}

int main(void)
{
	pid_t group = -1;
	int status, n = 0;

	tree_start();
	tree_fill(tree_enter("root"));
	for (int i = 0; i < CHILDREN; i++) {
		bool leads = i % GROUP == 0, session = i % GROUP == GROUP - 1;
		struct tree_place *place;
		char name[16];

		snprintf(name, sizeof(name), "child%d", i);
		place = tree_fork(name, leads ? 0 : session ? -2 : group);
		group = leads ? place->pid : group;
	}
	subject_main(look, NULL);
	tree_end();
	while (wait(&status) > 0) {
		MUST(status == 0);
		n++;
	}
	MUST(n == CHILDREN);
	return 0;
}
