/* SPDX-License-Identifier: MIT */
/* The personality: what it says about mappings must not change how it is restored. */
#include "tests/subject/subject.h"

#include <sys/personality.h>

static void look(struct view *view, void *state)
{
	(void)state;
	view_hex(view, "personality", (unsigned)personality(0xffffffff));
}

int main(void)
{
	MUST(personality(ADDR_NO_RANDOMIZE | UNAME26 | STICKY_TIMEOUTS) >= 0);
	return subject_main(look, NULL);
}
