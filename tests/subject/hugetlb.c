/* SPDX-License-Identifier: MIT */
/* Memory of reserved huge pages. */
#include "tests/subject/vma.h"

#define HUGE (2UL << 20)

static void look(struct view *view, void *state)
{
	char *at = state;

	view_vma(view, "huge", at);
	view_hash(view, "contents", at, HUGE);
}

int main(void)
{
	char *at = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (21 << 26), -1, 0);

	if (at == MAP_FAILED)
		subject_skip("no huge pages are reserved (/proc/sys/vm/nr_hugepages)");
	fill_pages(at, 300, 1);
	return subject_main(look, at);
}
