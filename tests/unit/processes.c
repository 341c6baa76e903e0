/* SPDX-License-Identifier: MIT */
/* What is born of a process is found by the kernel's lists of children as by all there is. */
#include "kernel/processes.h"
#include "format/cleanup.h"
#include "kernel/fallback.h"
#include "tests/unit/child.h"

#include <stdlib.h>
#include <unistd.h>

enum { CHILDREN = 5, THREADS = 150 };

static void rest(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void *bear(void *shared)
{
	if (fork() == 0)
		rest();
	((struct shared *)shared)->count++;
	return NULL;
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Children of the main thread and of another one, a grandchild of each, and one that has ended. */
static void family(struct shared *shared)
{
	pthread_t thread;
	pid_t ended;

	pthread_create(&thread, NULL, bear, shared);
	pthread_join(thread, NULL);
	for (int i = 0; i < CHILDREN; i++)
		if (fork() == 0) {
			bear(shared);
			rest();
		}
	ended = fork();
	if (ended == 0)
		_exit(0);
	comes_to_state(ended, "Z");
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	while (shared->count < CHILDREN + 1)
		usleep(1000);
	shared->taken = 1;
	rest();
}

static void crowd(struct shared *shared)
{
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, wait_for_ever, NULL);
	bear(shared);
	shared->taken = 1;
	rest();
}

static bool is_below(const struct processes *all, pid_t pid, pid_t root)
{
	const struct process_entry *entry = processes_find(all, pid);

	while (entry && entry->pid != root)
		entry = processes_find(all, entry->parent);
	return entry != NULL;
}

/* Everything below the root is in both lists; with lists of children, nothing else is. */
static void compare(pid_t root, const struct kernel_features *features, size_t want, bool exact)
{
	_cleanup_(processes_release) struct processes all = { 0 }, some = { 0 };
	struct err err = { 0 };
	size_t below = 0;

	CHECK(processes_below(root, NULL, features, &some, &err) == 0, "%s", err.msg);
	CHECK(processes_read(&all, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < all.count; i++) {
		const struct process_entry *entry = &all.list[i], *found;

		if (!is_below(&all, entry->pid, root))
			continue;
		below++;
		found = processes_find(&some, entry->pid);
		CHECK(found && found->parent == entry->parent && found->ended == entry->ended, "%d",
		      entry->pid);
	}
	CHECK(below == want, "%zu of %zu", below, want);
	CHECK(!exact || some.count == want, "%zu of %zu", some.count, want);
	for (size_t i = 1; i < some.count; i++)
		CHECK(some.list[i - 1].pid < some.list[i].pid);
}

static void test(body_fn *body, size_t want, bool exact)
{
	struct shared *shared = shared_new();
	struct kernel_features without = { 1U << FEATURE_PROC_CHILDREN };
	pid_t pid = spawn(body, shared);

	while (!shared->taken)
		usleep(1000);
	compare(pid, NULL, want, exact && access("/proc/thread-self/children", R_OK) == 0);
	compare(pid, &without, want, false);
	finish(pid);
}

int main(void)
{
	/* Root; the child of a thread; each child with one of its own; the one that has ended. */
	test(family, 1 + 1 + 2 * CHILDREN + 1, true);
	test(crowd, 2, false);
	return test_done("processes");
}
