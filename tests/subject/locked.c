/* SPDX-License-Identifier: MIT */
/* mlock(2), mlock2(2) with MLOCK_ONFAULT, and memory without reservation. */
#include "tests/subject/vma.h"

struct locked {
	char *locked;
	char *on_fault;
	char *unreserved;
};

static void look(struct view *view, void *state)
{
	struct locked *locked = state;

	view_vma(view, "locked", locked->locked);
	view_vma(view, "on fault", locked->on_fault);
	view_vma(view, "unreserved", locked->unreserved);
	view_present(view, "locked pages", locked->locked, 4);
	view_present(view, "on fault pages", locked->on_fault, 4);
	view_hash(view, "contents", locked->locked, 4 * PAGE);
}

int main(void)
{
	struct locked locked = {
		.locked = map_private(4),
		.on_fault = map_private(4),
		.unreserved = map_pages(1024, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE),
	};

	if (mlock(locked.locked, 4 * PAGE) < 0)
		subject_skip("mlock: RLIMIT_MEMLOCK allows nothing");
	MUST(mlock2(locked.on_fault, 4 * PAGE, MLOCK_ONFAULT) == 0);
	fill_page(locked.locked + PAGE, 1);
	fill_page(locked.on_fault + 2 * PAGE, 2);
	fill_page(locked.unreserved + 99 * PAGE, 3);
	return subject_main(look, &locked);
}
