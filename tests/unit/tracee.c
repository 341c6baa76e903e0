/* SPDX-License-Identifier: MIT */
/* A thread that ends while it is waited for is collected, whenever that happens. */
#include "kernel/tracee.h"

#include "tests/unit/child.h"

static void spin_until(uint64_t end)
{
	struct timespec now;

	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec < end);
}

/* Ends at the time that it is told. */
static void end_on_time(struct shared *shared)
{
	shared->tid = 1;
	while (!shared->count)
		sched_yield();
	spin_until(shared->count);
}

static void test_end(struct shared *shared, unsigned microseconds)
{
	struct stop stop = { .kind = STOP_TRAP };
	struct err err = { 0 };
	struct timespec now;
	pid_t pid;

	*shared = (struct shared){ 0 };
	pid = spawn(end_on_time, shared);
	while (!shared->tid)
		sched_yield();
	CHECK(ptrace(PTRACE_SEIZE, pid, 0, 0) == 0, "%m");
	clock_gettime(CLOCK_MONOTONIC, &now);
	shared->count = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec +
			(uint64_t)microseconds * 1000;
	CHECK(tracee_wait(pid, 10000, &stop, &err) == 0 && stop.kind == STOP_GONE, "%s", err.msg);
	CHECK(waitpid(pid, NULL, WNOHANG) < 0 && errno == ECHILD, "%u us: it was not collected",
	      microseconds);
	if (kill(pid, 0) == 0)
		finish(pid);
}

int main(void)
{
	struct shared *shared = shared_new();

	/* tracee_wait looks at the state of the thread now and then: around its first look. */
	for (unsigned i = 0; i < 500; i++)
		test_end(shared, i * 37 % 3000);
	munmap(shared, sizeof(*shared));
	return test_done("tracee");
}
