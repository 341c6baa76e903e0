/* SPDX-License-Identifier: MIT */
/* Orphans that a subreaper has taken: in the session and the group of parents that have ended. */
#include "tree.h"

#include <sys/prctl.h>

static void look(struct view *view, void *state)
{
	int reaper = 0;

	(void)state;
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	view_num(view, "subreaper", reaper);
	tree_view(view);
}

/* The middle one leads a session or a group, and ends. */
static void orphan(const char *name, bool session)
{
	pid_t middle = fork();
	char second[16];
	int status;

	MUST(middle >= 0);
	snprintf(second, sizeof(second), "%s2", name);
	if (middle == 0) {
		MUST(session ? setsid() > 0 : setpgid(0, 0) == 0);
		tree_fork(name, -1);
		tree_fork(second, session ? 0 : -1);
		_exit(0);
	}
	MUST(waitpid(middle, &status, 0) == middle && status == 0);
}

int main(void)
{
	int status, n = 0;

	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	tree_start();
	tree_fill(tree_enter("root"));
	orphan("session", true);
	orphan("group", false);
	subject_main(look, NULL);
	/* Whoever is orphaned now comes to the root too. */
	orphan("new", false);
	tree_end();
	while (wait(&status) > 0) {
		MUST(status == 0);
		n++;
	}
	MUST(n == 6);
	return 0;
}
