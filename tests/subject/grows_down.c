/* SPDX-License-Identifier: MIT */
/* A mapping that grows down, and goes on growing afterwards. */
#include "tests/subject/vma.h"

#define ROOM 2048

static void look(struct view *view, void *state)
{
	char *top = state;

	view_vma(view, "grown", top - 1);
	view_hash(view, "contents", top - 16 * PAGE, 16 * PAGE);
}

int main(void)
{
	char *room = map_pages(ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
	char *top = room + ROOM * PAGE;

	MUST(munmap(room, ROOM * PAGE) == 0);
	MUST(mmap(top - 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN, -1,
		  0) == top - 2 * PAGE);
	for (size_t i = 1; i <= 16; i++)
		fill_page(top - i * PAGE, i);
	subject_main(look, top);
	for (size_t i = 17; i <= 32; i++)
		fill_page(top - i * PAGE, i);
	return 0;
}
