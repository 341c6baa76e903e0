/* SPDX-License-Identifier: MIT */
/*
 * timed FD PROGRAM [ARGUMENT...]: runs it, and tells on the descriptor when that began (CLOCK_MONOTONIC, nanoseconds), and how long it took: nanoseconds until it
 * was waited for, microseconds of processor time, the peak of its memory in KiB, and its wait status.
 *
 * Python starts a program of another user by a fork of itself, which takes longer than some of what is timed, and of its own user by vfork:
 * here all are started alike, and by a process so small that its memory is not taken for their peak.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t microseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t began, ended;
	int fd, error, status;
	pid_t pid;

	if (argc < 3)
		return 2;
	fd = atoi(argv[1]);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	began = now();
	error = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[2], strerror(error));
		return 127;
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		return 1;
	ended = now();
	dprintf(fd, "%llu %llu %llu %ld %d\n", (unsigned long long)began,
		(unsigned long long)(ended - began),
		(unsigned long long)(microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime)),
		usage.ru_maxrss, status);
	return 0;
}
