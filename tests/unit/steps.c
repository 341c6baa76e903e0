/* SPDX-License-Identifier: MIT */
/* Lines of JSON about what is done: what is in them, and that nobody waits for their reader. */
#include "cli/steps.h"

#include "format/err.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_lines(void)
{
	struct steps steps;
	char text[4096] = "", phase[16];
	unsigned long long done, total;
	double time;
	int ends[2];
	char *line;

	CHECK(pipe(ends) == 0);
	steps = steps_start("pdump", false, ends[1]);
	step(&steps, "stopped", "all stopped");
	step_bytes(&steps, 5, 10);
	/* Too soon after that. */
	step_bytes(&steps, 6, 10);
	step_bytes(&steps, 10, 10);
	CHECK(read(ends[0], text, sizeof(text) - 1) > 0);
	line = strtok(text, "\n");
	CHECK(line && sscanf(line, "{\"program\":\"pdump\",\"phase\":\"%15[a-z]\",\"time\":%lf}",
			     phase, &time) == 2,
	      "%s", line);
	CHECK_STR(phase, "stopped");
	for (unsigned i = 0; i < 2; i++) {
		line = strtok(NULL, "\n");
		CHECK(line && sscanf(line,
				     "{\"program\":\"pdump\",\"phase\":\"pages\",\"done\":%llu,"
				     "\"total\":%llu,\"time\":%lf}",
				     &done, &total, &time) == 3,
		      "%s", line);
		CHECK(done == (i ? 10 : 5) && total == 10);
	}
	CHECK(!strtok(NULL, "\n"));
	close(ends[0]);
	step(&steps, "state", "nobody reads it");
	close(ends[1]);
}

static void test_full(void)
{
	struct steps steps;
	int ends[2];

	CHECK(pipe2(ends, O_NONBLOCK) == 0);
	while (write(ends[1], "x", 1) == 1)
		;
	fcntl(ends[1], F_SETFL, 0);
	steps = steps_start("pdump", false, ends[1]);
	step(&steps, "state", "it would block");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	struct steps none = steps_start("pdump", false, NO_PROGRESS_FD);
	struct err err;

	signal(SIGPIPE, SIG_IGN);
	step(&none, "stopped", "told to nobody");
	step_bytes(&none, 1, 2);
	test_lines();
	test_full();
	CHECK(steps_check_fd(NO_PROGRESS_FD, &err) == 0 && steps_check_fd(0, &err) == 0);
	CHECK(steps_check_fd(999, &err) < 0 && err.code == ERR_USAGE);
	return test_done("steps");
}
