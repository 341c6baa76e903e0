/* SPDX-License-Identifier: MIT */
/* A parent and a child in one address space, neither of which waits for the other; both count there. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { STACK = 65536 };

static volatile unsigned long counts[2];

static int count(void *argument)
{
	volatile unsigned long *mine = argument;

	if (mine == &counts[1])
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		++*mine;
		usleep(1000);
	}
}

int main(void)
{
	char *stack = malloc(STACK);
	pid_t pid =
		stack ? clone(count, stack + STACK, CLONE_VM | SIGCHLD, (void *)&counts[1]) : -1;

	if (pid < 0) {
		perror("clone");
		return 1;
	}
	printf("%d\n", pid);
	fclose(stdout);
	return count((void *)&counts[0]);
}
