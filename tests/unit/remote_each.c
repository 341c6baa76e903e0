/* SPDX-License-Identifier: MIT */
/* Remote calls in several processes at the same time: each answers for itself, and one that fails leaves the others as they were. */
#include "kernel/fallback.h"
#include "tests/unit/child.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MANY = 12, CALLS = 40, ROUNDS = 40, PROOF_CALLS = 100, FEW_CALLS = 20 };

struct group {
	struct shared *shared[MANY];
	pid_t pids[MANY];
	struct frozen frozen[MANY];
	struct remote remotes[MANY];
	struct remote_opening openings[MANY];
	struct remote_task tasks[MANY];
	uint64_t masks[MANY];
};

static void begin(struct group *group, const struct kernel_features *features)
{
	struct err err = { 0 };

	for (int i = 0; i < MANY; i++) {
		group->shared[i] = shared_new();
		group->pids[i] = spawn(count, group->shared[i]);
		group->frozen[i] = (struct frozen)FROZEN_EMPTY;
		while (!group->shared[i]->count)
			usleep(1000);
		CHECK(freeze_process(group->pids[i], NULL, features, &group->frozen[i], &err) == 0,
		      "%s", err.msg);
		group->openings[i] =
			(struct remote_opening){ &group->frozen[i], group->frozen[i].threads[0],
						 NULL, &group->remotes[i] };
	}
}

/* The one that was killed, if any, cannot be closed as it should. */
static void end(struct group *group, int gone)
{
	struct remote *remotes[MANY];
	struct err err = { 0 };

	for (int i = 0; i < MANY; i++)
		remotes[i] = &group->remotes[i];
	CHECK((remote_close_each(remotes, MANY, &err) == 0) == (gone < 0), "%s", err.msg);
	for (int i = 0; i < MANY; i++) {
		CHECK(!group->remotes[i].frozen);
		thaw(&group->frozen[i]);
		if (i != gone)
			CHECK(counts_on(group->shared[i]), "%d", i);
		finish(group->pids[i]);
	}
}

/* So many calls that they are run in several parts. */
static void push(struct group *group, unsigned calls)
{
	for (int i = 0; i < MANY; i++) {
		struct remote_batch *batch = remote_batch_new(&group->remotes[i]);

		remote_push(batch, REMOTE_CALL(getpid));
		for (unsigned k = 0; k < calls; k++)
			remote_push(batch, REMOTE_CALL(rt_sigprocmask, SIG_BLOCK, 0,
						       remote_out(batch, &group->masks[i],
								  sizeof(group->masks[i])),
						       sizeof(group->masks[i])));
		group->tasks[i] = (struct remote_task){ &group->remotes[i],
							group->frozen[i].threads[0], batch };
	}
}

static void check_answers(const struct group *group)
{
	for (int i = 0; i < MANY; i++)
		CHECK(remote_result(group->tasks[i].batch, 0) == group->pids[i], "%ld, not %d",
		      (long)remote_result(group->tasks[i].batch, 0), group->pids[i]);
}

static void release(struct group *group)
{
	for (int i = 0; i < MANY; i++)
		remote_batch_free(group->tasks[i].batch);
}

static void test_all(const struct kernel_features *features, unsigned calls)
{
	struct group group = { 0 };
	struct err err = { 0 };

	begin(&group, features);
	CHECK(remote_open_each(group.openings, MANY, NULL, &err) == 0, "%s", err.msg);
	push(&group, calls);
	CHECK(remote_run_each(group.tasks, MANY, NULL, &err) == 0, "%s", err.msg);
	check_answers(&group);
	release(&group);
	end(&group, -1);
}

/* One is killed: that is told, and the others have their own registers again and go on. */
static void test_one_gone(void)
{
	struct group group = { 0 };
	struct err err = { 0 };

	begin(&group, NULL);
	CHECK(remote_open_each(group.openings, MANY, NULL, &err) == 0, "%s", err.msg);
	push(&group, CALLS);
	kill(group.pids[MANY / 2], SIGKILL);
	CHECK(remote_run_each(group.tasks, MANY, NULL, &err) < 0);
	CHECK(err.code == ERR_GONE || err.code == ERR_FAILED, "%s", err.msg);
	for (int i = 0; i < MANY; i++)
		CHECK(i == MANY / 2 || (group.frozen[i].threads[0]->stopped &&
					!group.frozen[i].threads[0]->borrowed));
	release(&group);
	end(&group, MANY / 2);
}

/* Between the two steps other things are done; then all is as by remote_run. */
static void test_two_steps(void)
{
	struct shared *shared = shared_new();
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	pid_t pid = spawn(churn, shared);
	struct err err = { 0 };
	FROZEN;

	while (shared->count < 10)
		usleep(1000);
	CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < frozen.n_threads; i++) {
		_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&remote);

		remote_push(batch, REMOTE_CALL(gettid));
		CHECK(remote_begin(&remote, frozen.threads[i], batch, 0, &err) == 0, "%s", err.msg);
		usleep(i % 2 * 500);
		CHECK(remote_end(&remote, batch, &err) == 0, "%s", err.msg);
		CHECK(remote_result(batch, 0) == frozen.threads[i]->tid);
	}
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	thaw(&frozen);
	CHECK(counts_on(shared));
	finish(pid);
}

/*
 * The end of the calls is told by the answer of the last one. The signal that tells it comes from elsewhere too, before the calls are made; another thread
 * has left its answers where these are to be; and one batch has no such answer.
 */
static void test_proof(void)
{
	struct shared *shared = shared_new();
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	pid_t pid = spawn(churn, shared);
	struct rlimit core = { 0 };
	struct err err = { 0 };
	FROZEN;

	CHECK(getrlimit(RLIMIT_CORE, &core) == 0);
	while (shared->count < 10)
		usleep(1000);
	CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s", err.msg);
	for (int round = 0; round < ROUNDS; round++) {
		bool small = round % 3;
		_cleanup_batch_ struct remote_batch *batch =
			small ? remote_batch_small(&remote) : remote_batch_new(&remote);
		size_t calls = small ? FEW_CALLS : PROOF_CALLS;
		struct rlimit limit = { 0 };

		remote_push(batch, REMOTE_CALL(getrlimit, RLIMIT_CORE,
					       remote_out(batch, &limit, sizeof(limit))));
		for (size_t i = 1; i < calls; i++)
			remote_push(batch, REMOTE_CALL(gettid));
		for (size_t i = 0; i < frozen.n_threads; i++) {
			pid_t tid = frozen.threads[i]->tid;

			CHECK(remote_begin(&remote, frozen.threads[i], batch, round % 4 ? tid : -1,
					   &err) == 0,
			      "%s", err.msg);
			for (int k = 0; k < round % 8; k++)
				syscall(SYS_tgkill, pid, tid, SIGURG);
			CHECK(remote_end(&remote, batch, &err) == 0, "%s", err.msg);
			CHECK(remote_result(batch, 0) == 0 && limit.rlim_max == core.rlim_max);
			limit.rlim_max = 0;
			for (size_t k = 1; k < calls; k++)
				CHECK(remote_result(batch, k) == tid);
		}
		CHECK(remote_run(&remote, frozen.threads[0], batch, &err) == 0, "%s", err.msg);
		CHECK(remote_result(batch, 1) == pid && limit.rlim_max == core.rlim_max);
	}
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	thaw(&frozen);
	CHECK(counts_on(shared));
	finish(pid);
}

int main(void)
{
	struct kernel_features without = { 1U << FEATURE_RENDEZVOUS };

	test_all(NULL, CALLS);
	test_all(NULL, 2000);
	test_all(&without, CALLS);
	test_one_gone();
	test_two_steps();
	test_proof();
	return test_done("remote_each");
}
