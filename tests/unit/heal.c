/* SPDX-License-Identifier: MIT */
/* A tracer is killed at random moments of remote calls; its target must not notice. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "format/err.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"
#include "kernel/maps_file.h"
#include "kernel/proc_status.h"
#include "kernel/readfile.h"
#include "kernel/remote.h"
#include "kernel/remote_stack.h"
#include "tests/unit/selfcheck.h"
#include "tests/unit/test.h"

/* Harmless questions, as pdump asks them. */
static void ask(struct remote *remote, struct frozen_thread *thread, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	static char actions[64][32], stack[24], address[8];

	for (uint64_t i = 0; i < 64; i++) {
		uint64_t out = remote_out(batch, actions[i], sizeof(actions[i]));

		remote_push(batch, REMOTE_CALL(rt_sigaction, i + 1, 0, out, 8));
	}
	remote_push(batch, REMOTE_CALL(sigaltstack, 0, remote_out(batch, stack, sizeof(stack))));
	remote_push(batch, REMOTE_CALL(prctl, 40, remote_out(batch, address, sizeof(address))));
	if (remote_run(remote, thread, batch, err) < 0)
		_exit(5);
}

static struct memory_range find_stack(const struct frozen *frozen)
{
	_cleanup_(maps_release) struct maps maps = { 0 };
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", frozen->pid);
	if (maps_read_at(AT_FDCWD, path, &maps, NULL) < 0)
		return (struct memory_range){ 0 };
	return remote_stack_room(&maps, frozen->threads[0]);
}

/* Its main thread comes to wait for the others, so that there is room below its stack. */
static void check_stack(pid_t pid, const struct kernel_features *features)
{
	bool found = false;

	for (int i = 0; i < 500 && !found; i++) {
		_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
		struct err err = { 0 };

		CHECK(freeze_process(pid, NULL, features, &frozen, &err) == 0, "%s", err.msg);
		found = find_stack(&frozen).end;
		usleep(found ? 0 : 10000);
	}
	CHECK(found);
}

static int trace_once(pid_t pid, const struct kernel_features *features, uint64_t *seed,
		      struct err *err)
{
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	struct remote_options options = { 0 };

	if (freeze_process(pid, NULL, features, &frozen, err) < 0)
		return -1;
	/* Every other time, as pdump does it if it can. */
	if (selfcheck_random(seed) % 2)
		options.stack = find_stack(&frozen);
	if (remote_open(&frozen, frozen.threads[0], &options, &remote, err) < 0)
		return -1;
	for (int i = 0; i < 8; i++) {
		size_t which = selfcheck_random(seed) % frozen.n_threads;
		struct remote_call call = REMOTE_CALL(gettid);

		ask(&remote, frozen.threads[which], err);
		if (remote_call(&remote, frozen.threads[which], &call, err) < 0)
			return -1;
		if (call.result != frozen.threads[which]->tid)
			return err_set(err, ERR_FAILED, "gettid: %lld", (long long)call.result);
	}
	return remote_close(&remote, NULL, err);
}

/* Until it is killed. */
static void trace(pid_t pid, const struct kernel_features *features, uint64_t seed)
{
	struct err err = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (trace_once(pid, features, &seed, &err) < 0) {
			fprintf(stderr, "tracer: %s\n", err.msg);
			_exit(4);
		}
	}
}

static bool all_moved(const uint64_t *before)
{
	for (int i = 0; i < WORKER_COUNT; i++)
		if (selfcheck->rounds[i] < before[i] + 2)
			return false;
	return true;
}

/* Every thread makes two rounds: it neither stands still nor lost its way. */
static bool goes_on(void)
{
	int64_t deadline = selfcheck_us() + 10000000;
	uint64_t before[WORKER_COUNT];

	for (int i = 0; i < WORKER_COUNT; i++)
		before[i] = selfcheck->rounds[i];
	while (!all_moved(before) && !selfcheck->failed && selfcheck_us() < deadline)
		usleep(500);
	for (int i = 0; i < WORKER_COUNT; i++)
		CHECK(selfcheck->rounds[i] >= before[i] + 2, "worker %d stands still", i);
	CHECK(!selfcheck->failed, "%s", selfcheck->message);
	return all_moved(before) && !selfcheck->failed;
}

static bool kill_one(pid_t target, const struct kernel_features *features, uint64_t *seed)
{
	useconds_t delay = (useconds_t)(selfcheck_random(seed) % 9000);
	pid_t tracer;
	int status;

	tracer = fork();
	if (tracer == 0)
		trace(target, features, *seed);
	usleep(delay);
	kill(tracer, SIGKILL);
	waitpid(tracer, &status, 0);
	CHECK(WIFSIGNALED(status), "the tracer ended by itself, status %x", status);
	return WIFSIGNALED(status) && goes_on();
}

static void test_kills(int kills, const char *without, uint64_t seed)
{
	struct kernel_features features;
	struct err err = { 0 };
	pid_t target;
	int status;

	kernel_features_init(without, &features, &err);
	selfcheck = mmap(NULL, sizeof(*selfcheck), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pipe(selfcheck->pipe) < 0)
		abort();
	target = fork();
	if (target == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		selfcheck_run();
	}
	usleep(20000);
	check_stack(target, &features);
	for (int i = 0; i < kills; i++)
		if (!kill_one(target, &features, &seed))
			break;
	kill(target, SIGTERM);
	for (int i = 0; i < 200 && waitpid(target, &status, WNOHANG) == 0; i++)
		usleep(10000);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	CHECK(!selfcheck->failed, "%s", selfcheck->message);
	kill(target, SIGKILL);
	printf("%d kills%s%s, %llu times EINTR\n", kills, *without ? " without " : "", without,
	       (unsigned long long)selfcheck->eintr);
	munmap(selfcheck, sizeof(*selfcheck));
}

int main(int argc, char **argv)
{
	int kills = argc > 1 ? atoi(argv[1]) : 200;
	uint64_t seed = argc > 2 ? (uint64_t)atoll(argv[2]) : (uint64_t)selfcheck_us();

	printf("seed %llu\n", (unsigned long long)seed);
	test_kills(kills, "", seed);
	test_kills(kills / 10, "rendezvous", seed);
	test_kills(kills / 10, "process_vm,proc_mem_force,vdso_padding", seed);
	return test_done("heal");
}
