/* SPDX-License-Identifier: MIT */
/* The list of mappings that is read while many threads are looked at is the one that is there afterwards. */
#include "kernel/maps_ahead.h"

#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/maps_file.h"
#include "tests/unit/ready.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { MANY = 100, FEW = 3 };

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void have_threads(int ready, void *arg)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 1; i < *(int *)arg; i++)
		if (pthread_create(&thread, &small, wait_for_ever, NULL) != 0)
			_exit(1);
	say_ready(ready);
	wait_for_ever(NULL);
}

static bool equal(const struct map *a, const struct map *b)
{
	return a->start == b->start && a->end == b->end && a->flags == b->flags &&
	       a->kind == b->kind && a->prot == b->prot;
}

static void compare(struct frozen *frozen)
{
	struct maps ahead = { 0 }, now = { 0 };
	struct err err = { 0 };

	CHECK(maps_ahead_take(TAKE_PTR(frozen->maps), &ahead, &err) == 0, "%s", err.msg);
	CHECK(maps_read_at(frozen->proc, "smaps", &now, &err) == 0, "%s", err.msg);
	CHECK(ahead.detailed && ahead.count == now.count && now.count > MANY);
	for (size_t i = 0; i < ahead.count && i < now.count; i++)
		CHECK(equal(&ahead.list[i], &now.list[i]), "0x%lx", now.list[i].start);
	maps_release(&ahead);
	maps_release(&now);
}

static void test_of(int threads, bool wanted, bool expected, bool taken)
{
	const struct freeze_options options = { .maps = wanted };
	pid_t pid = spawn_ready(have_threads, &threads);
	struct frozen frozen = FROZEN_EMPTY;
	struct err err = { 0 };

	CHECK(freeze_process(pid, &options, NULL, &frozen, &err) == 0, "%s", err.msg);
	CHECK(frozen.n_threads == (size_t)threads);
	CHECK(expected == (frozen.maps != NULL));
	if (frozen.maps && taken)
		compare(&frozen);
	thaw(&frozen);
	kill(pid, SIGKILL);
}

/* The directory is that of a process that has ended. */
static void test_fails(void)
{
	int threads = 1, proc;
	pid_t pid = spawn_ready(have_threads, &threads);
	struct maps_ahead *ahead;
	struct maps maps = { 0 };
	struct err err = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	proc = open(path, O_RDONLY | O_DIRECTORY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ahead = maps_ahead_start(proc);
	CHECK(ahead && maps_ahead_take(ahead, &maps, &err) < 0 && strstr(err.msg, "smaps"), "%s",
	      err.msg);
	maps_ahead_free(maps_ahead_start(proc));
	maps_ahead_free(NULL);
	close(proc);
}

int main(void)
{
	test_of(MANY, true, true, true);
	test_of(MANY, true, true, false);
	test_of(MANY, false, false, false);
	test_of(FEW, true, false, false);
	test_fails();
	return test_done("maps_ahead");
}
