/* SPDX-License-Identifier: MIT */
/* What is born of a process is found by the kernel's lists of children as by all there is. */
#include "kernel/processes.h"
#include "dump/options.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "kernel/fallback.h"
#include "kernel/monotonic.h"
#include "tests/unit/child.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who ends as soon as a list has named it. */
static pid_t victim;

/* A list of children comes byte by byte, so that the kernel looks for the next one after it was read. */
ssize_t read_hooked(int fd, void *buffer, size_t size) __asm__("read");
ssize_t read_hooked(int fd, void *buffer, size_t size)
{
	char path[32], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!victim || readlink(path, target, sizeof(target) - 1) < 0 ||
	    !strstr(target, "/children"))
		return syscall(SYS_read, fd, buffer, size);
	size = (size_t)syscall(SYS_read, fd, buffer, 1);
	kill(victim, SIGKILL);
	while (kill(victim, 0) == 0)
		usleep(1000);
	return (ssize_t)size;
}

enum { CHILDREN = 5, THREADS = 150 };

static void rest(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* Who ended before a child of its own rests would leave it behind, and with it an end of the pipe that the test runner reads. */
static pid_t bear_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		rest();
	comes_to_state(pid, "S");
	return pid;
}

static void *bear(void *shared)
{
	bear_one();
	__atomic_add_fetch(&((struct shared *)shared)->count, 1, __ATOMIC_SEQ_CST);
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
			prctl(PR_SET_PDEATHSIG, SIGKILL);
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

	CHECK(processes_below(root, NULL, features, 2, &some, &err) == 0, "%s", err.msg);
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

/* Nobody has to collect them. */
static void forget(struct shared *shared)
{
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		pid_t pid = bear_one();

		if (i == 0)
			shared->tid = pid;
		else
			shared->count = (uint64_t)pid;
	}
	shared->taken = 1;
	rest();
}

/* The kernel counts children to find the next one, and passes over one when another before it is gone. */
static void test_hidden(void)
{
	_cleanup_tree_ struct tree tree = { 0 };
	struct shared *shared = shared_new();
	pid_t pid = spawn(forget, shared);
	struct dump_options options = { .pid = pid, .scope = TREE_DESCENDANTS };
	struct err err = { 0 };

	while (!shared->taken)
		usleep(1000);
	victim = shared->tid;
	CHECK(tree_open(&options, true, NULL, NULL, &tree, &err) == 0, "%s", err.msg);
	victim = 0;
	CHECK(tree.n_processes == 2 && tree_has(&tree, (pid_t)shared->count), "%zu processes",
	      tree.n_processes);
	finish(pid);
}

/* A list of a moment ago, with a number that is another one's by now and one that is nobody's. */
static void test_known(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(forget, shared), stranger = fork(), gone = fork();
	struct dump_options options = { .pid = pid, .scope = TREE_DESCENDANTS };
	struct process_entry list[4] = { 0 };
	struct tree known = { .seen = { .list = list, .count = 4 } };
	_cleanup_tree_ struct tree tree = { 0 };
	struct err err = { 0 };

	if (stranger == 0)
		rest();
	if (gone == 0)
		_exit(0);
	waitpid(gone, NULL, 0);
	while (!shared->taken)
		usleep(1000);
	list[0] = (struct process_entry){ .pid = pid, .threads = 1 };
	list[1] = (struct process_entry){ .pid = shared->tid, .parent = pid, .threads = 1 };
	list[2] = (struct process_entry){ .pid = stranger, .parent = pid, .threads = 1 };
	list[3] = (struct process_entry){ .pid = gone, .parent = pid, .threads = 1 };
	known.seen_ns = monotonic_ns();
	CHECK(tree_open(&options, true, &known, NULL, &tree, &err) == 0, "%s", err.msg);
	CHECK(tree.n_processes == 3 && tree_has(&tree, shared->tid) &&
		      tree_has(&tree, (pid_t)shared->count) && !tree_has(&tree, stranger),
	      "%zu processes", tree.n_processes);
	CHECK(state_of(pid) == 't' && state_of(shared->tid) == 't');
	CHECK(comes_to_state(stranger, "RS"), "%c", state_of(stranger));
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
	finish(pid);
}

int main(void)
{
	/* Root; the child of a thread; each child with one of its own; the one that has ended. */
	test(family, 1 + 1 + 2 * CHILDREN + 1, true);
	test(crowd, 2, false);
	if (access("/proc/thread-self/children", R_OK) == 0)
		test_hidden();
	test_known();
	return test_done("processes");
}
