/* SPDX-License-Identifier: MIT */
/* Children that SIGSTOP and SIGTSTP have stopped, of which one is in a group of its own; they go on when told so. */
#include "tree.h"

#include <dirent.h>

/* State and number of each child: those may have other numbers by now, and cannot say so while stopped. */
static int children(char *states, pid_t *pids, int room)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	MUST(proc);
	while ((entry = readdir(proc)) && n < room) {
		char path[300], text[512];
		int fd, parent;
		ssize_t size;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		fd = atoi(entry->d_name) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		close(fd);
		text[size > 0 ? size : 0] = 0;
		if (size <= 0 || !strrchr(text, ')') ||
		    sscanf(strrchr(text, ')'), ") %c %d", &states[n], &parent) != 2 ||
		    parent != getpid())
			continue;
		pids[n++] = atoi(entry->d_name);
	}
	states[n] = 0;
	closedir(proc);
	return n;
}

static void look(struct view *view, void *state)
{
	char states[9];
	pid_t pids[8];

	(void)state;
	view_num(view, "children", children(states, pids, 8));
	view_str(view, "states", states);
}

static void stop(struct tree_place *place, int signal)
{
	int status;

	MUST(kill(place->pid, signal) == 0);
	MUST(waitpid(place->pid, &status, WUNTRACED) == place->pid && WIFSTOPPED(status));
}

int main(void)
{
	struct tree_place *places[2];
	char states[9];
	pid_t pids[8];
	int status;

	tree_start();
	tree_fill(tree_enter("root"));
	places[0] = tree_fork("ours", -1);
	places[1] = tree_fork("own", 0);
	stop(places[0], SIGSTOP);
	stop(places[1], SIGTSTP);
	subject_main(look, NULL);
	MUST(children(states, pids, 8) == 2);
	for (int i = 0; i < 2; i++)
		MUST(kill(pids[i], SIGCONT) == 0);
	for (int i = 0; i < 2; i++)
		tree_ask(places[i]);
	MUST(places[1]->group == places[1]->pid && places[0]->group == getpgrp());
	tree_end();
	for (int i = 0; i < 2; i++)
		MUST(wait(&status) > 0 && status == 0);
	return 0;
}
