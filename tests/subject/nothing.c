/* SPDX-License-Identifier: MIT */
/* The least a process can be: text, data, a stack, and a wait. */
#include "tests/subject/subject.h"

static char data[] = "initialized";
static char bss[3 * 4096];

static void look(struct view *view, void *state)
{
	view_str(view, "data", data);
	view_str(view, "bss", bss + 5000);
	view_str(view, "stack", state);
}

int main(void)
{
	char local[] = "local";

	data[0] = 'I';
	strcpy(bss + 5000, "written");
	return subject_main(look, local);
}
