/* SPDX-License-Identifier: MIT */
/*
 * Children that SIGSTOP and SIGTSTP have stopped, one in a group of its own, one with threads and a signal that waits; their parent has been told of all but
 * one. They go on when told so.
 */
#include "tree.h"

#include <dirent.h>
#include <pthread.h>

static volatile sig_atomic_t signals;

static void on_child(int signal)
{
	(void)signal;
	signals++;
}

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
	view_num(view, "signals", signals);
	for (int i = 0; i < 3; i++) {
		siginfo_t info = { 0 };

		MUST(waitid(P_PID, (id_t)pids[i], &info, WSTOPPED | WNOHANG | WNOWAIT) == 0);
		view_key(view, (const char *const[]){ "first", "second", "third" }[i]);
		view_raw(view, "[%d, %d]", info.si_pid != 0, info.si_status);
	}
}

static void *idle(void *place)
{
	(void)place;
	for (;;)
		pause();
	return NULL;
}

/* With a second thread. */
static struct tree_place *fork_threads(const char *name)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		pthread_t thread;

		MUST(pthread_create(&thread, NULL, idle, NULL) == 0);
		tree_serve(tree_enter(name));
	}
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
	return tree_find(name);
}

static void stop(struct tree_place *place, int signal)
{
	int status;

	MUST(kill(place->pid, signal) == 0);
	MUST(waitpid(place->pid, &status, WUNTRACED) == place->pid && WIFSTOPPED(status));
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	struct tree_place *places[3];
	siginfo_t info;
	char states[9];
	pid_t pids[8];
	int status;

	tree_start();
	tree_fill(tree_enter("root"));
	places[0] = tree_fork("ours", -1);
	places[1] = tree_fork("own", 0);
	places[2] = fork_threads("threads");
	stop(places[0], SIGSTOP);
	stop(places[1], SIGTSTP);
	MUST(kill(places[2]->pid, SIGSTOP) == 0);
	MUST(waitid(P_PID, (id_t)places[2]->pid, &info, WSTOPPED | WNOWAIT) == 0);
	MUST(sigaction(SIGCHLD, &action, NULL) == 0);
	subject_main(look, NULL);
	MUST(children(states, pids, 8) == 3 && signals == 0);
	for (int i = 0; i < 3; i++)
		MUST(kill(pids[i], SIGCONT) == 0);
	for (int i = 0; i < 3; i++)
		tree_ask(places[i]);
	MUST(places[1]->group == places[1]->pid && places[0]->group == getpgrp());
	tree_end();
	for (int i = 0; i < 3; i++)
		MUST(wait(&status) > 0 && status == 0);
	return 0;
}
