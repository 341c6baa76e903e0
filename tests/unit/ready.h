/* SPDX-License-Identifier: MIT */
/* Children of a test that prepare something first. */
#ifndef PIMAGE_READY_H
#define PIMAGE_READY_H

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static inline void say_ready(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(1);
}

/* A child that runs body(arg), and says through the pipe when it is ready. It ends with the test. */
static inline pid_t spawn_ready(void (*body)(int ready, void *arg), void *arg)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(ready[1], arg);
		_exit(0);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

#endif
