/* SPDX-License-Identifier: MIT */
/* Real-time policies, which only the privileged may have. */
#include "tests/subject/subject.h"

#include <sched.h>

static void look(struct view *view, void *state)
{
	struct sched_param param;

	(void)state;
	MUST(sched_getparam(0, &param) == 0);
	view_num(view, "policy", sched_getscheduler(0));
	view_num(view, "priority", param.sched_priority);
}

int main(void)
{
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK,
			       &(struct sched_param){ .sched_priority = 3 }))
		subject_skip("sched_setscheduler: %s (needs CAP_SYS_NICE)", strerror(errno));
	return subject_main(look, NULL);
}
