/* SPDX-License-Identifier: MIT */
/* A whole session: beside the leader's children such as have lost their parent to somebody outside. */
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

/* What is left of a child that ends: two of its group, which has no leader then. */
static void lose(const char *name, pid_t group)
{
	pid_t middle = fork();
	char second[16];
	int status;

	MUST(middle >= 0);
	if (middle == 0) {
		if (group >= 0)
			MUST(setpgid(0, group) == 0);
		snprintf(second, sizeof(second), "%s2", name);
		tree_fork(name, -1);
		tree_fork(second, -1);
		_exit(0);
	}
	MUST(waitpid(middle, &status, 0) == middle && status == 0);
}

/* A daemon that stayed in the session, with a child in a session of its own, which has left one behind, too. */
static void make_daemon(void)
{
	pid_t middle = fork();
	int status;

	MUST(middle >= 0);
	if (middle == 0) {
		if (fork() == 0) {
			if (fork() == 0) {
				tree_fork("left", -1);
				MUST(setsid() > 0);
				tree_serve(tree_enter("leads"));
			}
			while (!tree_find("leads") || !tree_find("leads")->done)
				usleep(500);
			MUST(setpgid(0, 0) == 0);
			tree_serve(tree_enter("daemon"));
		}
		while (!tree_find("daemon") || !tree_find("daemon")->done)
			usleep(500);
		_exit(0);
	}
	MUST(waitpid(middle, &status, 0) == middle && status == 0);
}

int main(void)
{
	int status, n = 0;

	MUST(getsid(0) == getpid());
	tree_start();
	tree_fill(tree_enter("root"));
	tree_fork("child", 0);
	lose("ours", -1);
	lose("group", 0);
	make_daemon();
	subject_main(look, NULL);
	tree_end();
	while (wait(&status) > 0)
		n++;
	MUST(n == 1 && status == 0);
	return 0;
}
