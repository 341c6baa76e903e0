/* SPDX-License-Identifier: MIT */
/* Open file descriptions and pipes that parent and children share: offsets move for all; bytes in flight both ways. */
#include "tree.h"

static int file, to_child[2], to_parent[2];

/* Reads a letter from the shared file and from its pipe when told by the number in its place, and hands both on. */
static void child(const char *name)
{
	struct tree_place *place;
	char letters[3] = { 0 };

	if (fork())
		return;
	place = tree_enter(name);
	tree_fill(place);
	place->done = 1;
	while (tree_asked(place)) {
		place->number = lseek(file, 0, SEEK_CUR);
		tree_fill(place);
		place->done = place->wish;
	}
	MUST(read(file, letters, 1) == 1 && read(to_child[0], letters + 1, 1) == 1);
	MUST(write(to_parent[1], letters, 2) == 2);
	_exit(0);
}

static void look(struct view *view, void *state)
{
	(void)state;
	tree_view(view);
	view_num(view, "offset", lseek(file, 0, SEEK_CUR));
	view_num(view, "first", tree_find("first")->number);
	view_num(view, "second", tree_find("second")->number);
}

int main(void)
{
	char text[12] = { 0 };
	int status;

	file = open("file", O_RDWR | O_CREAT, 0600);
	MUST(file >= 0 && write(file, "abcdefgh", 8) == 8 && lseek(file, 2, SEEK_SET) == 2);
	MUST(pipe(to_child) == 0 && pipe(to_parent) == 0);
	MUST(write(to_child[1], "xyz", 3) == 3 && write(to_parent[1], "before", 6) == 6);
	tree_start();
	tree_fill(tree_enter("root"));
	child("first");
	child("second");
	while (!tree_find("first") || !tree_find("second") || !tree_find("first")->done ||
	       !tree_find("second")->done)
		usleep(1000);
	close(to_parent[1]);
	subject_main(look, NULL);
	/* One after the other, so that what each gets is known. */
	tree_end_one(tree_find("first"));
	MUST(wait(&status) > 0 && status == 0);
	MUST(lseek(file, 0, SEEK_CUR) == 3);
	tree_end_one(tree_find("second"));
	MUST(wait(&status) > 0 && status == 0);
	MUST(read(to_parent[0], text, 10) == 10 && !strcmp(text, "beforecxdy"));
	MUST(read(to_child[0], text, 9) == 1 && text[0] == 'z' && read(file, text, 1) == 1 &&
	     text[0] == 'e');
	/* Nobody else holds an end that writes. */
	MUST(read(to_parent[0], text, 1) == 0);
	return 0;
}
