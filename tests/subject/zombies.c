/* SPDX-License-Identifier: MIT */
/* Children that have ended, by exit and by signal, some in a group of their own; and SIGCHLD, which came once. */
#include "tree.h"

static volatile sig_atomic_t signals;

static void on_child(int signal)
{
	(void)signal;
	signals++;
}

/* What waitid tells without reaping. */
static void tell(struct view *view, const char *key, idtype_t type, pid_t id)
{
	siginfo_t info = { 0 };

	MUST(waitid(type, (id_t)id, &info, WEXITED | WNOWAIT) == 0);
	view_key(view, key);
	view_raw(view, "[%d, %d]", info.si_code, info.si_status);
}

/* Its leader is a zombie; who lives in it knows what number it has now. */
static struct tree_place *alive;

static void look(struct view *view, void *state)
{
	(void)state;
	view_num(view, "signals", signals);
	tree_view(view);
	tell(view, "group", P_PGID, alive->group);
	tell(view, "own", P_PGID, getpgrp());
}

static pid_t child(int status, int signal, pid_t group)
{
	pid_t pid = fork();
	siginfo_t info;

	MUST(pid >= 0);
	if (pid == 0) {
		if (group >= 0)
			setpgid(0, group);
		if (signal)
			raise(signal);
		_exit(status);
	}
	MUST(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	return pid;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP };
	int status, statuses[5] = { 0 };
	pid_t pids[4];

	pids[0] = child(7, 0, -1);
	pids[1] = child(0, SIGTERM, 0);
	pids[2] = child(0, SIGKILL, pids[1]);
	pids[3] = child(255, 0, pids[1]);
	/* Only now: what was told before is no matter. */
	MUST(sigaction(SIGCHLD, &action, NULL) == 0);
	tree_start();
	tree_fill(tree_enter("root"));
	alive = tree_fork("alive", pids[1]);
	subject_main(look, NULL);
	for (int i = 0; i < 4; i++) {
		MUST(waitpid(i < 3 ? -alive->group : -1, &status, WNOHANG) > 0);
		statuses[WIFSIGNALED(status)	    ? (WTERMSIG(status) == SIGTERM ? 1 : 2)
			 : WEXITSTATUS(status) == 7 ? 0
						    : 3]++;
		statuses[4] |= WCOREDUMP(status);
	}
	for (int i = 0; i < 4; i++)
		MUST(statuses[i] == 1);
	MUST(!statuses[4] && signals == 0 && waitpid(-1, &status, WNOHANG) == 0);
	tree_end();
	while (wait(&status) < 0 && errno == EINTR)
		;
	MUST(status == 0 && signals == 1);
	return 0;
}
