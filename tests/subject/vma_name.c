/* SPDX-License-Identifier: MIT */
/* Names of anonymous memory, prctl(2) PR_SET_VMA_ANON_NAME. */
#include "tests/subject/vma.h"

#include <sys/prctl.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

struct named {
	char *private;
	char *shared;
};

static void look(struct view *view, void *state)
{
	struct named *named = state;

	view_vma(view, "private", named->private);
	view_vma(view, "shared", named->shared);
}

int main(void)
{
	struct named named = {
		.private = map_private(4),
		.shared = map_pages(4, PROT_READ, MAP_SHARED | MAP_ANONYMOUS),
	};

	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, named.private, 4 * PAGE, "a name, of memory"))
		subject_skip("this kernel has no names for anonymous memory");
	MUST(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, named.shared, 4 * PAGE, "shared") == 0);
	return subject_main(look, &named);
}
