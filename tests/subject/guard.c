/* SPDX-License-Identifier: MIT */
/* Guard pages: PROT_NONE ones, and those of MADV_GUARD_INSTALL (Linux 6.13) that no VMA shows. */
#include "tests/subject/vma.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

static void look(struct view *view, void *state)
{
	char *at = state;

	view_key(view, "readable");
	view_raw(view, "\"");
	for (size_t i = 0; i < 16; i++)
		view_raw(view, is_readable(at + i * PAGE) ? "1" : "0");
	view_raw(view, "\"");
	view_vma(view, "vma", at);
	view_hash(view, "before", at, PAGE);
	view_hash(view, "after", at + 15 * PAGE, PAGE);
}

int main(void)
{
	char *at = map_private(16);

	fill_pages(at, 16, 1);
	if (madvise(at + 4 * PAGE, 3 * PAGE, MADV_GUARD_INSTALL) < 0)
		subject_skip("no MADV_GUARD_INSTALL on this kernel (Linux 6.13)");
	MUST(madvise(at + 9 * PAGE, PAGE, MADV_GUARD_INSTALL) == 0);
	subject_main(look, at);
	MUST(madvise(at + 4 * PAGE, 3 * PAGE, MADV_GUARD_REMOVE) == 0);
	MUST(is_zero(at + 4 * PAGE, 3 * PAGE));
	return 0;
}
