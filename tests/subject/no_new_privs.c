/* SPDX-License-Identifier: MIT */
/* no_new_privs, and the child-subreaper, which nothing but the process itself can tell. */
#include "tests/subject/subject.h"

#include <sys/prctl.h>

static void look(struct view *view, void *state)
{
	int subreaper;

	(void)state;
	view_num(view, "no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	MUST(prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0);
	view_num(view, "subreaper", subreaper);
}

int main(void)
{
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	return subject_main(look, NULL);
}
