/* SPDX-License-Identifier: MIT */
/* Memory protection keys: those of VMAs, and the rights of the thread. */
#include "tests/subject/vma.h"

struct keyed {
	char *at;
	int keys[2];
};

static void look(struct view *view, void *state)
{
	struct keyed *keyed = state;

	for (int i = 0; i < 2; i++) {
		view_num(view, i ? "key 1" : "key 0", keyed->keys[i]);
		view_num(view, i ? "rights 1" : "rights 0", pkey_get(keyed->keys[i]));
		view_vma(view, i ? "vma 1" : "vma 0", keyed->at + i * 4 * PAGE);
	}
	view_hash(view, "contents", keyed->at + 4 * PAGE, 4 * PAGE);
}

int main(void)
{
	struct keyed keyed = { .at = map_private(8) };

	fill_pages(keyed.at, 8, 1);
	for (int i = 0; i < 2; i++) {
		keyed.keys[i] = pkey_alloc(0, i ? PKEY_DISABLE_WRITE : PKEY_DISABLE_ACCESS);
		if (keyed.keys[i] < 0)
			subject_skip("pkey_alloc: %s", strerror(errno));
		MUST(pkey_mprotect(keyed.at + i * 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
				   keyed.keys[i]) == 0);
	}
	subject_main(look, &keyed);
	MUST(pkey_set(keyed.keys[0], 0) == 0);
	MUST(pkey_alloc(0, 0) > keyed.keys[1]);
	return 0;
}
