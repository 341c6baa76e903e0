/* SPDX-License-Identifier: MIT */
/* Who was born first, where numbers have begun anew. */
#include "dump/elders.h"

#include "kernel/processes.h"
#include "tests/unit/test.h"

#include <string.h>

enum { MOST = 6, PID_MAX = 32768 };

struct person {
	pid_t pid, parent;
	uint64_t started;
};

/* The list as it stands, and the pids in the order that is expected. */
static const struct {
	const char *what;
	struct person list[MOST];
	pid_t expected[MOST];
} cases[] = {
	{ "as usual",
	  { { 10, 1, 5 }, { 11, 10, 6 }, { 12, 10, 6 }, { 13, 10, 7 } },
	  { 10, 11, 12, 13 } },
	{ "begun anew",
	  { { 32000, 1, 5 },
	    { 300, 32000, 9 },
	    { 301, 32000, 9 },
	    { 32766, 32000, 8 },
	    { 32767, 32000, 9 } },
	  { 32000, 32766, 32767, 300, 301 } },
	{ "numbers far from each other",
	  { { 10, 1, 5 }, { 11, 10, 6 }, { 30000, 10, 7 } },
	  { 10, 11, 30000 } },
	{ "far from each other, born in one tick",
	  { { 10, 1, 5 }, { 11, 10, 6 }, { 30000, 10, 6 } },
	  { 10, 11, 30000 } },
	{ "given out in another order, close to each other",
	  { { 10, 1, 5 }, { 11, 10, 8 }, { 12, 10, 6 }, { 13, 10, 7 } },
	  { 10, 11, 12, 13 } },
	{ "begun anew, of two parents",
	  { { 32000, 1, 5 },
	    { 300, 32000, 9 },
	    { 301, 32766, 9 },
	    { 302, 32766, 10 },
	    { 32766, 32000, 8 },
	    { 32767, 32766, 8 } },
	  { 32000, 32766, 32767, 301, 300, 302 } },
	{ "one was born between them",
	  { { 32000, 1, 5 }, { 300, 32000, 7 }, { 32766, 32000, 6 }, { 32767, 32000, 8 } },
	  { 32000, 300, 32766, 32767 } },
};

static int by_pid(const void *a, const void *b)
{
	const struct process_entry *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void test(size_t c)
{
	struct process_entry entries[MOST] = { 0 };
	struct processes all = { .list = entries };
	size_t order[MOST], n = 0;
	pid_t pids[MOST];

	for (; n < MOST && cases[c].list[n].pid; n++) {
		pids[n] = cases[c].list[n].pid;
		entries[n] = (struct process_entry){ .pid = pids[n],
						     .parent = cases[c].list[n].parent,
						     .started = cases[c].list[n].started };
	}
	all.count = n;
	qsort(entries, n, sizeof(*entries), by_pid);
	CHECK(elders_first(pids, n, &all, PID_MAX, order) == 0);
	for (size_t i = 0; i < n; i++)
		CHECK(pids[order[i]] == cases[c].expected[i], "%s: %d at place %zu", cases[c].what,
		      pids[order[i]], i);
}

int main(void)
{
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++)
		test(c);
	return test_done("elders");
}
