/* SPDX-License-Identifier: MIT */
#include "cli/steps.h"

#include "cli/progress.h"

#include <stdio.h>

struct steps steps_start(const char *program, bool on)
{
	return (struct steps){ program, on, progress_now() };
}

void step(struct steps *steps, const char *what)
{
	char time[HUMAN_SIZE];
	uint64_t now;

	if (!steps->on)
		return;
	now = progress_now();
	fprintf(stderr, "%s: %s (%s)\n", steps->program, what,
		human_duration(now - steps->last, time));
	steps->last = now;
}
