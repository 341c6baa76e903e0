/* SPDX-License-Identifier: MIT */
/* Processes with one descriptor table (CLONE_FILES) or one directory and umask (CLONE_FS), children, grandchildren and siblings. */
#include "tree.h"

#include <sched.h>
#include <sys/stat.h>

enum { PROBE = 77, OURS = 031, USUAL = 022 };

static int mask_now(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return (int)mask;
}

/* Says what it sees of what the root did; "first" changes what it shares with "second". */
__attribute__((noreturn)) static void serve(struct tree_place *place)
{
	tree_fill(place);
	place->done = 1;
	while (tree_asked(place)) {
		if (!strcmp(place->name, "first"))
			umask((mode_t)(place->wish & 7));
		place->number = mask_now() | (fcntl(PROBE, F_GETFD) >= 0 ? 01000 : 0);
		tree_fill(place);
		place->done = place->wish;
	}
	_exit(0);
}

static void until_there(const char *name)
{
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
}

static bool clone_with(long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	MUST(pid >= 0);
	return pid == 0;
}

static void sharer(const char *name, long flags)
{
	if (clone_with(flags))
		serve(tree_enter(name));
	until_there(name);
}

static void look(struct view *view, void *state)
{
	(void)state;
	umask(OURS);
	MUST(dup2(1, PROBE) == PROBE);
	for (int i = 1; i < tree->used; i++) {
		struct tree_place *place = &tree->places[i];
		char text[64];

		tree_ask(place);
		snprintf(text, sizeof(text), "directory %s, table %s",
			 (place->number & 0777) == OURS ? "ours" : "not ours",
			 place->number & 01000 ? "ours" : "not ours");
		view_str(view, place->name, text);
	}
	umask(USUAL);
	close(PROBE);
	view_bool(view, "siblings",
		  (tree_find("first")->number & 0777) == (tree_find("second")->number & 0777) &&
			  (tree_find("first")->number & 0777) == (tree_find("first")->wish & 7));
	tree_view(view);
}

int main(void)
{
	tree_start();
	tree_fill(tree_enter("root"));
	if (clone_with(0)) {
		sharer("first", CLONE_FS);
		sharer("second", CLONE_FS);
		MUST(unshare(CLONE_FS) == 0);
		serve(tree_enter("alone"));
	}
	until_there("alone");
	sharer("directory", CLONE_FS);
	sharer("table", CLONE_FILES);
	sharer("both", CLONE_FS | CLONE_FILES);
	/* A grandchild, and between it and us one who has left. */
	if (clone_with(CLONE_FS | CLONE_FILES)) {
		sharer("grandchild", CLONE_FS | CLONE_FILES);
		MUST(unshare(CLONE_FS | CLONE_FILES) == 0);
		serve(tree_enter("between"));
	}
	until_there("between");
	subject_main(look, NULL);
	tree_end();
	while (wait(NULL) > 0)
		;
	return 0;
}
