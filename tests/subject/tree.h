/* SPDX-License-Identifier: MIT */
/*
 * Subjects of several processes. Each has a place in a file that all map; the root asks them one by one to fill theirs in, and says
 * whom each number means: "a" for the process in place "a", "?1" for one that none of them has.
 */
#ifndef PIMAGE_TESTS_TREE_H
#define PIMAGE_TESTS_TREE_H

#include "subject.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define TREE_PLACES 256

struct tree_place {
	char name[16];
	volatile pid_t pid, parent, group, session;
	volatile int wish, done; /* counts of questions and of answers */
	volatile bool end;
	volatile long number; /* what the subject wants to tell besides */
};

struct tree_area {
	volatile int used;
	struct tree_place places[TREE_PLACES];
};

static struct tree_area *tree;

static inline void tree_start(void)
{
	int fd = open("tree", O_RDWR | O_CREAT | O_EXCL, 0600);

	MUST(fd >= 0 && ftruncate(fd, sizeof(*tree)) == 0);
	tree = mmap(NULL, sizeof(*tree), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(tree != MAP_FAILED && close(fd) == 0);
}

static inline struct tree_place *tree_find(const char *name)
{
	for (int i = 0; i < tree->used; i++)
		if (!strcmp(tree->places[i].name, name))
			return &tree->places[i];
	return NULL;
}

/* Only one process at a time may do this; all do it before the root says that it is ready. */
static inline struct tree_place *tree_enter(const char *name)
{
	struct tree_place *place = &tree->places[__sync_fetch_and_add(&tree->used, 1)];

	MUST(place < tree->places + TREE_PLACES);
	snprintf(place->name, sizeof(place->name), "%s", name);
	return place;
}

static inline void tree_fill(struct tree_place *place)
{
	place->pid = getpid();
	place->parent = getppid();
	place->group = getpgrp();
	place->session = getsid(0);
}

static inline void tree_until(volatile int *word, int value)
{
	for (int i = 0; *word != value; i++) {
		if (i > 10000)
			subject_fail("%d is not %d after 10 s", *word, value);
		usleep(1000);
	}
}

/* Waits without a time limit, so that every dump finds it in the same state, for a question (true) or the end. */
static inline bool tree_asked(struct tree_place *place)
{
	while (place->wish <= place->done)
		syscall(SYS_futex, &place->wish, FUTEX_WAIT, place->wish, NULL, NULL, 0);
	return !place->end;
}

static inline void tree_wake(struct tree_place *place)
{
	place->wish = place->wish > place->done ? place->wish : place->done + 1;
	syscall(SYS_futex, &place->wish, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static inline void tree_end_one(struct tree_place *place)
{
	place->end = true;
	tree_wake(place);
}

/* A process that answers until it is told to end: with status 0. */
__attribute__((noreturn)) static inline void tree_serve(struct tree_place *place)
{
	tree_fill(place);
	place->done = 1;
	while (tree_asked(place)) {
		tree_fill(place);
		place->done = place->wish;
	}
	_exit(0);
}

/*
 * Until it sleeps: in the futex, and nowhere else. One that has answered still has to get there, and what it writes to its memory on the way would
 * be another image's.
 */
static inline void tree_until_asleep(const struct tree_place *place)
{
	char path[32], text[64];
	int left = 10000;

	snprintf(path, sizeof(path), "/proc/%d/stat", place->pid);
	do {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		close(fd);
		/* Not there: it has ended, or /proc is that of another namespace. */
		if (n <= 0)
			return;
		text[n] = '\0';
		if (strstr(text, ") S"))
			return;
	} while (left-- && (usleep(1000) == 0 || errno == EINTR));
	subject_fail("process %d does not sleep: %s", place->pid, text);
}

/* A question to one that must answer. */
static inline void tree_ask(struct tree_place *place)
{
	tree_wake(place);
	tree_until(&place->done, place->wish);
	tree_until_asleep(place);
}

/* Forks one that serves, in a group (0: of its own, -1: its parent's) or a session of its own (-2); waits until it is there. */
static inline struct tree_place *tree_fork(const char *name, pid_t group)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		MUST(group == -2 ? setsid() > 0 : group == -1 || setpgid(0, group) == 0);
		tree_serve(tree_enter(name));
	}
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
	return tree_find(name);
}

static inline const char *tree_name(pid_t *others, pid_t pid)
{
	static char text[16];
	int i = 0;

	if (!pid)
		return "none";
	for (int k = 0; k < tree->used; k++)
		if (tree->places[k].pid == pid)
			return tree->places[k].name;
	while (others[i] && others[i] != pid)
		i++;
	others[i] = pid;
	snprintf(text, sizeof(text), "?%d", i);
	return text;
}

/* For the root, whose place is the first. All of them, by name, so that the order in which they began does not matter. */
static inline void tree_view(struct view *view)
{
	pid_t others[TREE_PLACES + 1] = { 0 };

	for (int i = 0; i < tree->used; i++) {
		struct tree_place *place = &tree->places[i];

		if (i == 0)
			tree_fill(place);
		else if (place->done > 0)
			tree_ask(place);
	}
	for (int i = 0; i < tree->used; i++) {
		const struct tree_place *place = &tree->places[i];
		char text[64];

		if (!place->done && i > 0)
			continue;
		snprintf(text, sizeof(text), "parent %s",
			 i == 0 ? "another" : tree_name(others, place->parent));
		/* One after the other: a name that nobody has lies in one place. */
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", group %s",
			 tree_name(others, place->group));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", session %s",
			 tree_name(others, place->session));
		view_str(view, place->name, text);
	}
}

static inline void tree_end(void)
{
	for (int i = 0; i < tree->used; i++)
		tree_end_one(&tree->places[i]);
}

#endif
