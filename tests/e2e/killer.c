/* SPDX-License-Identifier: MIT */
/*
 * killer RUNS PID FILE COMMAND...: runs the command (a pdump of PID, ./steady or ./band, to FILE) five times to
 * see how long it takes, then again until RUNS of them were killed, at moments spread over that time.
 * After each the target must go on, not be traced or stopped, have no child if it is one process, and FILE must not exist unless
 * the command had ended. With RUNS 0 it only looks whether the target goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "beats.h"

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

/* The letter of its state, 0 if it is gone. */
static char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state;
}

/* Whom a tracer that died had stopped goes back to the stop it was in by itself, as soon as a processor is free. */
static void wait_stopped(pid_t pid)
{
	double end = now() + 10;

	while (state_of(pid) == 'R' && now() < end)
		usleep(1000);
}

static void check_status(pid_t pid, bool stopped, double after)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	if (!file)
		fail("the target is gone", after);
	while (fgets(line, sizeof(line), file)) {
		/* "State:\tS (sleeping)" */
		if (!strncmp(line, "State:", 6) &&
		    (strchr("tZX", line[7]) || (line[7] == 'T') != stopped))
			fail(line, after);
		if (!strncmp(line, "TracerPid:", 10) && atoi(line + 10))
			fail(line, after);
	}
	fclose(file);
}

static void check_children(pid_t pid, double after)
{
	char path[64], text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return; /* a kernel that does not tell */
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0)
		fail("the target has a child", after);
}

static const struct beats *map_beats(void)
{
	int fd = open("beats", O_RDONLY);
	void *map = mmap(NULL, sizeof(struct beats), PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		fail("no file of beats", 0);
	close(fd);
	return map;
}

static void check_processes(const struct beats *beats, pid_t pid, double after)
{
	bool tree = false;

	check_status(pid, false, after);
	for (int i = 0; i < BEATS_MAX; i++) {
		if (beats->running[i])
			check_status(beats->running[i], false, after);
		if (beats->stopped[i]) {
			wait_stopped(beats->stopped[i]);
			check_status(beats->stopped[i], true, after);
		}
		tree |= beats->running[i];
	}
	if (!tree)
		check_children(pid, after);
}

/* Everything beats again, within ten seconds. */
static void check_beats(const char *pid, double after)
{
	const struct beats *beats = map_beats();
	uint64_t before[BEATS_MAX];
	double end = now() + 10;

	while (!beats->n) { /* it begins */
		if (now() > end)
			fail("the target does not begin", after);
		usleep(1000);
	}
	memcpy(before, (void *)beats->count, sizeof(before));
	for (uint32_t i = 0; i < beats->n; i++)
		while (beats->count[i] < before[i] + 2) {
			char what[64];

			snprintf(what, sizeof(what), "part %u of the target does not go on", i);
			if (now() > end || kill(atoi(pid), 0))
				fail(what, after);
			usleep(300);
		}
	/* Process ids of another namespace say nothing here. */
	if (access("restored", F_OK) < 0)
		check_processes(beats, atoi(pid), after);
	munmap((void *)beats, sizeof(*beats));
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
	/* Those have shown nothing of what comes before. */
	return named > runs / 4;
}
