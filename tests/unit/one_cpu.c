/* SPDX-License-Identifier: MIT */
/* Held and released: this thread, what is born meanwhile, and where there was no choice before. */
#include "kernel/one_cpu.h"

#include "tests/unit/child.h"
#include "tests/unit/test.h"

#include <sched.h>
#include <unistd.h>

static void sleeps(struct shared *unused)
{
	(void)unused;
	for (;;)
		pause();
}

static cpu_set_t cpus_of(pid_t pid)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CHECK(sched_getaffinity(pid, sizeof(set), &set) == 0, "%m");
	return set;
}

static bool is(pid_t pid, const cpu_set_t *want)
{
	const cpu_set_t now = cpus_of(pid);

	return CPU_EQUAL(&now, want);
}

static void test_again_everywhere(void)
{
	const cpu_set_t before = cpus_of(0);
	struct one_cpu one_cpu = { 0 };
	pid_t elder, meanwhile;
	cpu_set_t only;

	if (CPU_COUNT(&before) < 2) {
		test_skip("one_cpu", "there is one processor only");
		return;
	}
	elder = spawn(sleeps, NULL);
	one_cpu_hold(&one_cpu);
	CHECK(one_cpu.held);
	only = cpus_of(0);
	CHECK(CPU_COUNT(&only) == 1 && CPU_ISSET(sched_getcpu(), &only));
	meanwhile = spawn(sleeps, NULL);
	CHECK(is(meanwhile, &only));
	one_cpu_release(&one_cpu);
	CHECK(!one_cpu.held && is(0, &before));
	CHECK(is(meanwhile, &only));
	one_cpu_release_born(&one_cpu, meanwhile);
	CHECK(is(meanwhile, &before) && is(elder, &before));
	/* And once more, from what the first time has left. */
	one_cpu_hold(&one_cpu);
	CHECK(one_cpu.held);
	one_cpu_release(&one_cpu);
	CHECK(is(0, &before));
	finish(meanwhile);
	finish(elder);
}

/* All but one, of three or more: all that there are would be too many. */
static void test_fewer_than_all(void)
{
	const cpu_set_t before = cpus_of(0);
	struct one_cpu one_cpu = { 0 };
	cpu_set_t fewer = before;
	pid_t meanwhile;

	if (CPU_COUNT(&before) < 3) {
		test_skip("one_cpu: fewer than all", "there are less than three processors");
		return;
	}
	for (int cpu = 0; CPU_COUNT(&fewer) == CPU_COUNT(&before); cpu++)
		CPU_CLR(cpu, &fewer);
	CHECK(sched_setaffinity(0, sizeof(fewer), &fewer) == 0, "%m");
	one_cpu_hold(&one_cpu);
	meanwhile = spawn(sleeps, NULL);
	one_cpu_release(&one_cpu);
	one_cpu_release_born(&one_cpu, meanwhile);
	CHECK(is(0, &fewer) && is(meanwhile, &fewer));
	finish(meanwhile);
	CHECK(sched_setaffinity(0, sizeof(before), &before) == 0, "%m");
}

/* One processor only: nothing to hold, and nothing to give back. */
static void test_no_choice(void)
{
	const cpu_set_t before = cpus_of(0);
	struct one_cpu one_cpu = { 0 };
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(sched_getcpu(), &only);
	CHECK(sched_setaffinity(0, sizeof(only), &only) == 0, "%m");
	one_cpu_hold(&one_cpu);
	CHECK(!one_cpu.held);
	one_cpu_release(&one_cpu);
	CHECK(is(0, &only));
	CHECK(sched_setaffinity(0, sizeof(before), &before) == 0, "%m");
}

int main(void)
{
	test_again_everywhere();
	test_fewer_than_all();
	test_no_choice();
	return test_done("one_cpu");
}
