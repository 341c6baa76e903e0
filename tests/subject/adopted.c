/* SPDX-License-Identifier: MIT */
/* Orphans in sessions: of one leader who has ended, under two parents; of one who lives; and sessions left one after the other. */
#include "tree.h"

#include <sys/prctl.h>

static void look(struct view *view, void *state)
{
	siginfo_t info = { 0 };

	(void)state;
	tree_view(view);
	MUST(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0);
	view_num(view, "zombie's status", info.si_status);
}

static void set_subreaper(bool on)
{
	MUST(prctl(PR_SET_CHILD_SUBREAPER, on) == 0);
}

static void reap(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The leader ends, and its children come to us; then one of those ends, and its child comes to whom we are a child of. */
static void make_two_heirs(void)
{
	pid_t leader;

	set_subreaper(true);
	leader = fork();
	if (leader == 0) {
		MUST(setsid() > 0);
		tree_fork("heir1", -1);
		if (fork() == 0) {
			tree_fork("heir2", -1);
			while (!tree_find("no reaper"))
				usleep(500);
			_exit(0);
		}
		while (!tree_find("heir2") || !tree_find("heir2")->done)
			usleep(500);
		_exit(0);
	}
	reap(leader);
	set_subreaper(false);
	tree_enter("no reaper");
	MUST(wait(NULL) > 0);
	tree_serve(tree_enter("middle"));
}

/* Its child bears one and ends; and one who ends, too. */
static void make_session(void)
{
	pid_t child;

	MUST(setsid() > 0);
	child = fork();
	if (child == 0) {
		pid_t zombie;

		tree_fork("lost", -1);
		tree_fork("lost too", 0);
		zombie = fork();
		_exit(zombie == 0 ? 3 : 0);
	}
	reap(child);
	tree_serve(tree_enter("leader"));
}

/* Three of one session, of whom two leave it: the youngest stays. */
static void make_leavers(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		tree_fork("stays", -1);
		MUST(setsid() > 0);
		tree_serve(tree_enter("leaver2"));
	}
	while (!tree_find("leaver2") || !tree_find("leaver2")->done)
		usleep(500);
	MUST(setsid() > 0);
	tree_serve(tree_enter("leaver1"));
}

static void branch(const char *name, void (*make)(void))
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		make();
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
}

int main(void)
{
	siginfo_t info;
	int status, n = 0, failed = 0;

	set_subreaper(true);
	tree_start();
	tree_fill(tree_enter("root"));
	branch("middle", make_two_heirs);
	branch("leader", make_session);
	branch("leaver1", make_leavers);
	MUST(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0);
	subject_main(look, NULL);
	tree_end();
	while (wait(&status) > 0) {
		failed += WEXITSTATUS(status) == 3;
		n++;
	}
	MUST(n == 10 && failed == 1);
	return 0;
}
