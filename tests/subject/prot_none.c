/* SPDX-License-Identifier: MIT */
/* Pages that cannot be read while they are saved, and yet hold something. */
#include "tests/subject/vma.h"

static void look(struct view *view, void *state)
{
	char *at = state;

	view_vma(view, "none", at);
	view_bool(view, "readable", is_readable(at));
	view_vma(view, "write-only", at + 16 * PAGE);
}

int main(void)
{
	char *at = map_private(24), page[PAGE];

	fill_pages(at, 24, 5);
	MUST(mprotect(at, 16 * PAGE, PROT_NONE) == 0);
	MUST(mprotect(at + 16 * PAGE, 4 * PAGE, PROT_WRITE) == 0);
	subject_main(look, at);
	MUST(mprotect(at, 24 * PAGE, PROT_READ) == 0);
	for (size_t i = 0; i < 24; i++) {
		fill_page(page, 5 + i);
		if (memcmp(at + i * PAGE, page, PAGE))
			subject_fail("page %zu has other contents", i);
	}
	return 0;
}
