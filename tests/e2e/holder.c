/* SPDX-License-Identifier: MIT */
/* Waits for SIGUSR1, then writes a line to each descriptor named, copies stdin to stdout, and ends. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char buffer[4096];
	sigset_t set;
	ssize_t n;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	dprintf(1, "ready\n");
	while (sigwait(&set, &signal) != 0)
		continue;
	for (int i = 1; i < argc; i++)
		if (dprintf(atoi(argv[i]), "to %s\n", argv[i]) < 0)
			dprintf(1, "descriptor %s fails\n", argv[i]);
	while ((n = read(0, buffer, sizeof(buffer))) > 0)
		if (write(1, buffer, (size_t)n) != n)
			return 1;
	dprintf(1, "done\n");
	return n < 0;
}
