/* SPDX-License-Identifier: MIT */
/* Children and grandchildren with sessions and process groups of all kinds; those whose leader has ended among them. */
#include "tree.h"

#include <sys/prctl.h>

static void look(struct view *view, void *state)
{
	(void)state;
	tree_view(view);
}

/* Makes a process that builds something with `make` and serves afterwards. */
static void branch(const char *name, pid_t group, void (*make)(void))
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		MUST(group == -2 ? setsid() > 0 : group == -1 || setpgid(0, group) == 0);
		make();
		tree_serve(tree_enter(name));
	}
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
}

static void make_jobs(void)
{
	struct tree_place *first = tree_fork("job1", 0);

	tree_fork("job1b", first->pid);
	tree_fork("job2", 0);
	tree_fork("own", -1);
}

static void make_session(void)
{
	tree_fork("inner", -2);
	make_jobs();
}

/* A member of a group whose leader is made, ends and is reaped. */
static void make_leaderless(void)
{
	pid_t leader = fork();
	struct tree_place *member;

	MUST(leader >= 0);
	if (leader == 0) {
		setpgid(0, 0);
		pause();
	}
	MUST(setpgid(leader, leader) == 0);
	member = tree_fork("member1", leader);
	tree_fork("member2", leader);
	MUST(kill(leader, SIGKILL) == 0 && waitpid(leader, NULL, 0) == leader);
	tree_ask(member);
	MUST(member->group == leader);
}

/* Born before its parent made a session. */
static void make_early(void)
{
	tree_fork("early", -1);
	MUST(setsid() > 0);
	tree_fork("late", -1);
}

int main(void)
{
	tree_start();
	tree_fill(tree_enter("root"));
	branch("session", -2, make_session);
	branch("group", 0, make_leaderless);
	branch("moved", -1, make_early);
	subject_main(look, NULL);
	tree_end();
	while (wait(NULL) > 0)
		;
	return 0;
}
