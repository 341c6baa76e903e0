/* SPDX-License-Identifier: MIT */
/* Shared anonymous memory, mapped twice: what is written at one place is read at the other. */
#include "tests/subject/vma.h"

#define PAGES 40

struct shared {
	char *one;
	char *other; /* the second half, at an address of its own */
};

static void look(struct view *view, void *state)
{
	struct shared *shared = state;

	view_vma(view, "one", shared->one);
	view_vma(view, "other", shared->other);
	view_hash(view, "contents", shared->one, PAGES * PAGE);
	view_hash(view, "again", shared->other, PAGES / 2 * PAGE);
}

int main(void)
{
	struct shared shared;
	char *half;

	shared.one = map_pages(PAGES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	half = shared.one + PAGES / 2 * PAGE;
	/* mremap(2): an old size of zero makes a second mapping of the same pages. */
	shared.other = mremap(half, 0, PAGES / 2 * PAGE, MREMAP_MAYMOVE);
	MUST(shared.other != MAP_FAILED);
	for (size_t i = 0; i < PAGES; i += 3)
		fill_page(shared.one + i * PAGE, i);
	subject_main(look, &shared);
	strcpy(shared.other + 5 * PAGE, "seen at both places");
	MUST(!strcmp(half + 5 * PAGE, "seen at both places"));
	return 0;
}
