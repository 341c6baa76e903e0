/* SPDX-License-Identifier: MIT */
/* Private anonymous memory: pages with contents, holes, pages that are all zero, every protection. */
#include "tests/subject/vma.h"

#define PAGES 600

static void look(struct view *view, void *state)
{
	char *at = state;

	view_vma(view, "read-write", at);
	view_vma(view, "read", at + 16 * PAGE);
	view_vma(view, "end", at + (PAGES - 1) * PAGE);
	for (size_t i = 0; i < PAGES; i++)
		if (i % 7 == 3 && !is_zero(at + i * PAGE, PAGE))
			subject_fail("page %zu is not zero", i);
	view_hash(view, "contents", at, 64 * PAGE);
	view_hash(view, "last", at + (PAGES - 1) * PAGE, PAGE);
}

int main(void)
{
	char *at = map_private(PAGES);

	for (size_t i = 0; i < PAGES; i += 2)
		if (i % 7 != 3)
			fill_page(at + i * PAGE, i);
	fill_page(at + (PAGES - 1) * PAGE, PAGES);
	/* Written, but all zero: present, and nothing to store. */
	memset(at + 3 * PAGE, 0, PAGE);
	memset(at + 10 * PAGE, 0, PAGE);
	MUST(mprotect(at + 16 * PAGE, 16 * PAGE, PROT_READ) == 0);
	MUST(mprotect(at + 40 * PAGE, PAGE, PROT_READ | PROT_EXEC) == 0);
	return subject_main(look, at);
}
