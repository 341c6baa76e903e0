/* SPDX-License-Identifier: MIT */
/* A memfd that is mapped, shared and private, and whose descriptor is closed. */
#include "tests/subject/vma.h"

#define PAGES 24

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
	int fd = memfd_create("subject", MFD_CLOEXEC);
	struct mapped mapped;

	MUST(fd >= 0 && ftruncate(fd, PAGES * PAGE) == 0);
	mapped.shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mapped.private = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(mapped.shared != MAP_FAILED && mapped.private != MAP_FAILED);
	close(fd);
	for (size_t i = 0; i < PAGES; i += 2)
		fill_page(mapped.shared + i * PAGE, i);
	fill_page(mapped.private + 4 * PAGE, 400);
	subject_main(look, &mapped);
	strcpy(mapped.shared + 6 * PAGE, "one object");
	MUST(!strcmp(mapped.private + 6 * PAGE, "one object"));
	return 0;
}
