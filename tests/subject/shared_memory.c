/* SPDX-License-Identifier: MIT */
/* Memory that parent and child share: a file, a memfd, /dev/shm, and a page that both have but write alone. */
#include "tree.h"

enum { PAGES = 3, SIZE = PAGES * 4096 };

static char *maps[3], *own;

static char *map(int fd)
{
	char *at;

	MUST(fd >= 0 && ftruncate(fd, SIZE) == 0);
	at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(at != MAP_FAILED && close(fd) == 0);
	return at;
}

static void child(void)
{
	struct tree_place *place = tree_enter("child");

	memset(own, 'c', SIZE);
	tree_fill(place);
	place->done = 1;
	while (tree_asked(place)) {
		/* What the parent wrote last, one page further on. */
		for (int i = 0; i < 3; i++)
			maps[i][4096] = maps[i][0];
		place->number = own[8192];
		place->done = place->wish;
	}
	_exit(0);
}

static void look(struct view *view, void *state)
{
	static char letter = 'A';

	(void)state;
	for (int i = 0; i < 3; i++)
		maps[i][0] = letter;
	tree_ask(tree_find("child"));
	for (int i = 0; i < 3; i++)
		MUST(maps[i][4096] == letter);
	letter++;
	view_num(view, "child", tree_find("child")->number);
	view_num(view, "own", own[8192]);
	for (int i = 0; i < 3; i++)
		view_hash(view, i == 0 ? "file" : i == 1 ? "memfd" : "shm", maps[i] + 8192, 4096);
}

int main(void)
{
	char name[40];
	int status;

	snprintf(name, sizeof(name), "/subject.%d", getpid());
	maps[0] = map(open("shared", O_RDWR | O_CREAT, 0600));
	maps[1] = map(memfd_create("shared", MFD_CLOEXEC));
	maps[2] = map(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	MUST(shm_unlink(name) == 0);
	own = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(own, 'p', SIZE);
	for (int i = 0; i < 3; i++)
		memset(maps[i] + 8192, '0' + i, 4096);
	tree_start();
	tree_fill(tree_enter("root"));
	if (fork() == 0)
		child();
	while (!tree_find("child") || !tree_find("child")->done)
		usleep(1000);
	subject_main(look, NULL);
	tree_end();
	MUST(wait(&status) > 0 && status == 0);
	return 0;
}
