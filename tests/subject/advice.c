/* SPDX-License-Identifier: MIT */
/* Every madvise(2) that stays with a VMA. */
#include "tests/subject/vma.h"

static const int advices[] = {
	MADV_DONTFORK, MADV_DONTDUMP,	MADV_WIPEONFORK, MADV_MERGEABLE,
	MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_SEQUENTIAL, MADV_RANDOM,
};
#define COUNT (sizeof(advices) / sizeof(advices[0]))

static void look(struct view *view, void *state)
{
	char *at = state, key[16];

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(key, sizeof(key), "advice %d", advices[i]);
		view_vma(view, key, at + i * 1024 * PAGE);
	}
	view_vma(view, "several", at + COUNT * 1024 * PAGE);
	view_hash(view, "contents", at, 8 * PAGE);
}

int main(void)
{
	/* Two huge pages each, so that MADV_HUGEPAGE means something. */
	char *at = map_private((COUNT + 1) * 1024);

	for (size_t i = 0; i < COUNT; i++) {
		if (madvise(at + i * 1024 * PAGE, 1024 * PAGE, advices[i]) < 0 && errno != EINVAL)
			subject_fail("madvise %d", advices[i]);
		fill_page(at + i * 1024 * PAGE, i);
	}
	madvise(at + COUNT * 1024 * PAGE, 1024 * PAGE, MADV_DONTFORK);
	madvise(at + COUNT * 1024 * PAGE, 1024 * PAGE, MADV_DONTDUMP);
	madvise(at + COUNT * 1024 * PAGE, 1024 * PAGE, MADV_RANDOM);
	return subject_main(look, at);
}
