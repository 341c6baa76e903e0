/* SPDX-License-Identifier: MIT */
/*
 * A program that rewrites all its memory, over and over, and knows at every moment what must stand in
 * every word. Of memory that was saved while it ran, words would be ahead of it. It ends with 1 and
 * says why as soon as something is not as it must be, with 0 at SIGTERM. Words as arguments: "shared",
 * "lost" (DONTFORK, WIPEONFORK) and "huge" add memory of such a kind; "subreaper" makes it one.
 * SIGUSR1 makes it close its standard output.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "harmed: line %d: %s (errno %d)\n", __LINE__, #condition,       \
				errno);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

enum { AREAS = 8 };

static struct {
	volatile uint64_t *words;
	size_t n;
} areas[AREAS];
static int n_areas;
static volatile sig_atomic_t ended, hangup;
static uint8_t *emptied;

static void add(size_t size, int flags, int advice)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	MUST(memory != MAP_FAILED);
	if (advice)
		MUST(madvise(memory, size, advice) == 0);
	areas[n_areas].words = memory;
	areas[n_areas++].n = size / sizeof(uint64_t);
}

/* Every word goes from one generation to the next. */
static void rewrite(uint64_t generation)
{
	for (int a = 0; a < n_areas; a++)
		for (size_t i = 0; i < areas[a].n; i++) {
			MUST(areas[a].words[i] == generation - 1);
			areas[a].words[i] = generation;
		}
}

/* Pages that were given back read as zeros, and are written anew. */
static void give_back(uint64_t generation)
{
	size_t size = 1 << 20;

	for (size_t i = 0; i < size; i += 4096)
		MUST(emptied[i] == (uint8_t)(generation - 1));
	MUST(madvise(emptied, size, MADV_DONTNEED) == 0);
	for (size_t i = 0; i < size; i += 4096) {
		MUST(emptied[i] == 0);
		emptied[i] = (uint8_t)generation;
	}
}

static void check_children(void)
{
	int status;

	MUST(waitpid(-1, &status, __WALL | WNOHANG) < 0 && errno == ECHILD);
}

static void on_signal(int number)
{
	MUST(number != SIGCHLD);
	if (number == SIGTERM)
		ended = 1;
	else
		hangup = 1;
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGUSR1, SIGHUP, SIGCONT };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	uint64_t generation = 0;

	add(12 << 20, MAP_PRIVATE, 0);
	emptied = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(emptied != MAP_FAILED);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "shared") == 0)
			add(2 << 20, MAP_SHARED, 0);
		if (strcmp(argv[i], "huge") == 0)
			add(4 << 20, MAP_PRIVATE | MAP_HUGETLB, 0);
		if (strcmp(argv[i], "subreaper") == 0)
			MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
		if (strcmp(argv[i], "lost") == 0) {
			add(1 << 20, MAP_PRIVATE, MADV_DONTFORK);
			add(1 << 20, MAP_PRIVATE, 0);
			add(1 << 20, MAP_PRIVATE, MADV_WIPEONFORK);
			MUST(mlock((void *)areas[2].words, 64 << 10) == 0);
		}
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		MUST(sigaction(signals[i], &action, NULL) == 0);
	while (!ended) {
		rewrite(++generation);
		give_back(generation);
		check_children();
		if (hangup)
			close(1);
		if (generation == 2)
			dprintf(1, "ready\n");
	}
	fprintf(stderr, "fine\n");
	return 0;
}
