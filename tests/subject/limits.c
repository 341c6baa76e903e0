/* SPDX-License-Identifier: MIT */
/* Resource limits, some so tight that nothing could be built under them. */
#include "tests/subject/subject.h"

#include <sys/resource.h>

static void look(struct view *view, void *state)
{
	struct rlimit limit;
	char key[32];

	(void)state;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		MUST(getrlimit(i, &limit) == 0);
		snprintf(key, sizeof(key), "soft %d", i);
		view_hex(view, key, limit.rlim_cur);
		snprintf(key, sizeof(key), "hard %d", i);
		view_hex(view, key, limit.rlim_max);
	}
}

static void lower(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit;

	MUST(getrlimit(resource, &limit) == 0);
	limit.rlim_max = hard < limit.rlim_max ? hard : limit.rlim_max;
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	MUST(setrlimit(resource, &limit) == 0);
}

int main(void)
{
	lower(RLIMIT_CPU, 4000, 5000);
	lower(RLIMIT_FSIZE, 1 << 20, 2 << 20);
	lower(RLIMIT_DATA, 64 << 20, RLIM_INFINITY);
	lower(RLIMIT_STACK, 1 << 20, 4 << 20);
	lower(RLIMIT_CORE, 0, 12345);
	lower(RLIMIT_NPROC, 500, 600);
	lower(RLIMIT_NOFILE, 4, 6);
	lower(RLIMIT_MEMLOCK, 4096, 8192);
	lower(RLIMIT_AS, 20 << 20, 30 << 20);
	lower(RLIMIT_SIGPENDING, 10, 20);
	lower(RLIMIT_MSGQUEUE, 1000, 2000);
	lower(RLIMIT_NICE, 0, 0);
	lower(RLIMIT_RTTIME, 1000, 2000);
	return subject_main(look, NULL);
}
