/* SPDX-License-Identifier: MIT */
/* A subject that misbehaves as its argument says: the runner has to notice each. */
#include "tests/subject/subject.h"

#include <time.h>

static void look(struct view *view, void *state)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	view_num(view, "_time", now.tv_nsec);
	view_num(view, "same", 1);
	if (!strcmp(state, "differs"))
		view_num(view, "time", now.tv_nsec);
}

int main(int argc, char **argv)
{
	char *how = argc > 1 ? argv[1] : "";

	if (!strcmp(how, "early"))
		return 0;
	if (!strcmp(how, "skips"))
		subject_skip("no reason");
	subject_block();
	subject_show(look, how);
	subject_wait();
	subject_show(look, how);
	if (!strcmp(how, "dies"))
		raise(SIGKILL);
	if (!strcmp(how, "silent"))
		return 0;
	if (!strcmp(how, "extra"))
		subject_show(look, how);
	subject_say("done");
	return strcmp(how, "status") ? 0 : 3;
}
