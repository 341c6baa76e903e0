/* SPDX-License-Identifier: MIT */
/* Thirty levels of processes: each the child of the one before; some lead a group or a session, which those below are in. */
#include "tree.h"

enum { LEVELS = 30 };

static void look(struct view *view, void *state)
{
	(void)state;
	tree_view(view);
}

/* The lowest one is there first. */
static void descend(uint8_t level)
{
	char name[16];
	pid_t pid = fork();

	MUST(pid >= 0);
	snprintf(name, sizeof(name), "level%u", level);
	if (pid == 0) {
		MUST(level % 7 == 3 ? setsid() > 0 : level % 3 || setpgid(0, 0) == 0);
		if (level < LEVELS)
			descend((uint8_t)(level + 1));
		tree_serve(tree_enter(name));
	}
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
}

int main(void)
{
	int status;

	tree_start();
	tree_fill(tree_enter("root"));
	descend(1);
	subject_main(look, NULL);
	tree_end();
	MUST(wait(&status) > 0 && status == 0);
	return 0;
}
