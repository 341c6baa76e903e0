/* SPDX-License-Identifier: MIT */
#include "cli/steps.h"

#include "cli/progress.h"
#include "format/err.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define INTERVAL UINT64_C(100000000)

struct steps steps_start(const char *program, bool on, int fd)
{
	uint64_t now = progress_now();

	return (struct steps){ program, on, fd, now, now, 0 };
}

/* `rest` is nothing or further members, each with a comma before it. */
static void tell(const struct steps *steps, const char *phase, const char *rest, uint64_t now)
{
	struct pollfd ready = { .fd = steps->fd, .events = POLLOUT };
	char line[256];
	int length;

	/* A pipe that is ready has room for PIPE_BUF bytes. Nobody who reads: then there is nobody to tell. */
	if (steps->fd < 0 || poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return;
	length = snprintf(line, sizeof(line),
			  "{\"program\":\"%s\",\"phase\":\"%s\"%s,\"time\":%.6f}\n", steps->program,
			  phase, rest, (double)(now - steps->start) / 1e9);
	if (write(steps->fd, line, (size_t)length) < 0)
		return;
}

void step(struct steps *steps, const char *phase, const char *what)
{
	char time[HUMAN_SIZE];
	uint64_t now;

	if (!steps->on && steps->fd < 0)
		return;
	now = progress_now();
	if (steps->on)
		fprintf(stderr, "%s: %s (%s)\n", steps->program, what,
			human_duration(now - steps->last, time));
	tell(steps, phase, "", now);
	steps->last = now;
}

void step_bytes(struct steps *steps, uint64_t done, uint64_t total)
{
	char rest[80];
	uint64_t now;

	if (steps->fd < 0)
		return;
	now = progress_now();
	if (done != total && now - steps->told < INTERVAL)
		return;
	steps->told = now;
	snprintf(rest, sizeof(rest), ",\"done\":%llu,\"total\":%llu", (unsigned long long)done,
		 (unsigned long long)total);
	tell(steps, "pages", rest, now);
}

int steps_check_fd(int fd, struct err *err)
{
	if (fd == NO_PROGRESS_FD || fcntl(fd, F_GETFD) >= 0)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--progress-fd=%d: there is no descriptor of that number; open one, as with "
		       "%d>FILE in a shell",
		       fd, fd);
}
