/* SPDX-License-Identifier: MIT */
/* What is dumped and restored to take the time: target sleep | memory MIB | threads N |
 * children N | levels N. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Numbers that do not compress (xorshift64*). */
static int fill(size_t size)
{
	uint64_t *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t x = 0x9e3779b97f4a7c15;

	if (memory == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < size / sizeof(*memory); i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		memory[i] = x * 0x2545f4914f6cdd1d;
	}
	return 0;
}

static int start(unsigned long count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	while (count--)
		if (pthread_create(&thread, &attributes, idle, NULL) != 0)
			return -1;
	return 0;
}

/* Whose parent's end is its own. */
static pid_t make_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(STDOUT_FILENO);
	}
	return pid;
}

static int make_children(unsigned long count)
{
	while (count--) {
		pid_t pid = make_child();

		if (pid < 0)
			return -1;
		if (pid == 0)
			idle(NULL);
	}
	return 0;
}

/* The lowest one tells the first that all are there. */
static int make_levels(unsigned long count)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return -1;
	for (unsigned long i = 0; i < count; i++) {
		pid_t pid = make_child();

		if (pid < 0)
			_exit(1);
		if (pid > 0 && i > 0)
			idle(NULL);
		if (pid > 0) {
			close(ends[1]);
			return read(ends[0], &byte, 1) == 1 ? 0 : -1;
		}
	}
	if (write(ends[1], "", 1) == 1)
		idle(NULL);
	_exit(1);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	int failed = 0;

	if (argc > 1 && strcmp(argv[1], "memory") == 0)
		failed = fill(count << 20);
	if (argc > 1 && strcmp(argv[1], "threads") == 0)
		failed = start(count);
	if (argc > 1 && strcmp(argv[1], "children") == 0)
		failed = make_children(count);
	if (argc > 1 && strcmp(argv[1], "levels") == 0)
		failed = make_levels(count);
	if (failed)
		return 1;
	puts("ready");
	fclose(stdout);
	idle(NULL);
}
