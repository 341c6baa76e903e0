/* SPDX-License-Identifier: MIT */
/*
 * killer RUNS PID FILE COMMAND...: runs the command (a pdump of ./steady's PID to FILE) five times to
 * see how long it takes, then again until RUNS of them were killed, at moments spread over that time.
 * After each the target must go on, not be traced or stopped, have no child, and FILE must not exist unless the
 * command had ended. With RUNS 0 it only looks whether the target goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BEATS = 7 };

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void fail(const char *what, double after)
{
	printf("failed: %s (pdump killed after %.3f ms)\n", what, after * 1e3);
	exit(1);
}

static void check_status(const char *pid, double after)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	file = fopen(path, "r");
	if (!file)
		fail("the target is gone", after);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "State:", 6) && strpbrk(line + 6, "TtZX"))
			fail(line, after);
		if (!strncmp(line, "TracerPid:", 10) && atoi(line + 10))
			fail(line, after);
	}
	fclose(file);
}

static void check_children(const char *pid, double after)
{
	char path[64], text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/children", pid, pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return; /* a kernel that does not tell */
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0)
		fail("the target has a child", after);
}

/* Every thread beats again, within ten seconds. */
static void check_beats(const char *pid, double after)
{
	static volatile uint64_t *beats;
	uint64_t before[BEATS];
	double end = now() + 10;

	if (!beats) {
		int fd = open("beats", O_RDONLY);

		beats = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (beats == MAP_FAILED)
			fail("no file of beats", after);
	}
	memcpy(before, (void *)beats, sizeof(before));
	for (int i = 0; i < BEATS; i++)
		while (beats[i] < before[i] + 2) {
			char what[64];

			snprintf(what, sizeof(what), "thread %d of the target does not go on", i);
			if (now() > end || kill(atoi(pid), 0))
				fail(what, after);
			usleep(300);
		}
	check_status(pid, after);
	check_children(pid, after);
}

/* Returns whether it ended by itself. */
static int run(char **command, double limit)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	if (limit >= 0) {
		struct timespec pause = { 0, (long)(limit * 1e9) };

		nanosleep(&pause, NULL);
		kill(child, SIGKILL);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail("the dump failed", limit);
	return WIFEXITED(status);
}

int main(int argc, char **argv)
{
	int runs = argc > 4 ? atoi(argv[1]) : 0, killed = 0, before = 0, ended = 0, named = 0;
	double began, whole = 0;

	check_beats(argv[2], 0);
	for (int i = 0; runs && i < 5; i++) {
		began = now();
		run(argv + 4, -1);
		whole += (now() - began) / 5;
		if (unlink(argv[3]))
			fail("a dump that ended left no file", 0);
	}
	while (killed < runs) {
		double limit = whole * (killed + drand48()) / runs;

		if (run(argv + 4, limit)) {
			ended++;
			whole *= 0.99; /* as long as it takes while nothing else goes on */
		} else
			killed++;
		if (unlink(argv[3]) == 0 && killed > before)
			named++; /* killed between giving the name and the end */
		before = killed;
		check_beats(argv[2], limit);
	}
	if (runs)
		printf("%d dumps were killed, spread over %.1f ms; %d had just given the name, %d "
		       "had ended\n",
		       killed, whole * 1e3, named, ended);
	return named > runs / 10;
}
