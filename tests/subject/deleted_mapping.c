/* SPDX-License-Identifier: MIT */
/* Mappings of a file that was deleted, shared and private; then its name was taken by another. */
#include "tests/subject/vma.h"

#define PAGES 12

struct mapped {
	char *shared;
	char *private;
};

static void look(struct view *view, void *state)
{
	struct mapped *mapped = state;

	view_hash(view, "shared", mapped->shared, PAGES * PAGE);
	view_hash(view, "private", mapped->private, PAGES * PAGE);
}

int main(void)
{
	int fd = make_file("gone", PAGES);
	struct mapped mapped;

	mapped.shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mapped.private = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(mapped.shared != MAP_FAILED && mapped.private != MAP_FAILED);
	close(fd);
	strcpy(mapped.private + 3 * PAGE, "own page");
	strcpy(mapped.shared + 7 * PAGE, "written");
	MUST(unlink("gone") == 0);
	close(make_file("gone", 2));
	subject_main(look, &mapped);
	strcpy(mapped.shared + 8 * PAGE, "one object");
	MUST(!strcmp(mapped.private + 8 * PAGE, "one object"));
	return 0;
}
