/* SPDX-License-Identifier: MIT */
/* Writes its process id to a FIFO and waits for the signal that a server sends it, twice. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int ask(const char *fifo, const sigset_t *set)
{
	struct timespec limit = { 10, 0 };
	int fd = open(fifo, O_WRONLY);

	if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0 || close(fd) < 0)
		return -1;
	return sigtimedwait(set, NULL, &limit) == SIGUSR2 ? 0 : -1;
}

int main(int argc, char **argv)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, SIGUSR1);
	if (argc < 2 || ask(argv[1], &set) < 0)
		return 1;
	write(1, "served\n", 7);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (sigwaitinfo(&set, NULL) != SIGUSR1)
		;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	if (ask(argv[1], &set) < 0)
		return 2;
	write(1, "served again\n", 13);
	return 0;
}
