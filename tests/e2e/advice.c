/* SPDX-License-Identifier: MIT */
/*
 * Memory enough for pdump to look at it beforehand, with parts whose advice for forks, locks and bounds change all the time, and are as
 * they were told to be whenever they are looked at. With an argument it is a subreaper, of which pdump makes no copy. Until SIGTERM; then "fine ROUNDS".
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { LARGE = 48 << 20, PART = 256 << 10, PARTS = 4 };

static volatile sig_atomic_t ended;

static void on_term(int number)
{
	(void)number;
	ended = 1;
}

static unsigned char *map(size_t size)
{
	unsigned char *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(2);
	for (size_t i = 0; i < size; i += 64)
		memory[i] = (unsigned char)(i / 64 * 7 + 1);
	return memory;
}

static void check(const unsigned char *memory, size_t size, const char *what)
{
	for (size_t i = 0; i < size; i += 64)
		if (memory[i] != (unsigned char)(i / 64 * 7 + 1)) {
			printf("failed: %s: byte %zu is %u\n", what, i, memory[i]);
			fflush(stdout);
			_Exit(1);
		}
}

int main(int argc, char *argv[] __attribute__((unused)))
{
	static const char *const what[PARTS] = { "wiped on fork", "not forked", "locked",
						 "mapped" };
	unsigned char *large = map(LARGE), *parts[PARTS];
	unsigned long rounds = 0;

	for (int i = 0; i < PARTS; i++) {
		/* What lies between has other rights, so that parts stay mappings of their own. */
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		parts[i] = map(PART);
	}
	if (argc > 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return 4;
	signal(SIGTERM, on_term);
	printf("ready\n");
	fflush(stdout);
	for (; !ended; rounds++) {
		int on = (int)(rounds & 1);

		madvise(parts[0], PART, on ? MADV_WIPEONFORK : MADV_KEEPONFORK);
		madvise(parts[1], PART, on ? MADV_DONTFORK : MADV_DOFORK);
		if ((on ? mlock : munlock)(parts[2], 16384) < 0 && errno != ENOMEM &&
		    errno != EPERM)
			return 3;
		munmap(parts[3], PART);
		parts[3] = map(PART);
		for (int i = 0; i < PARTS; i++)
			check(parts[i], PART, what[i]);
		if (rounds % 64 == 0)
			check(large, LARGE, "large");
	}
	printf("fine %lu\n", rounds);
	return 0;
}
