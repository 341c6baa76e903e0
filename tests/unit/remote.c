/* SPDX-License-Identifier: MIT */
/* Freezing a child of our own and system calls inside of it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"
#include "kernel/readfile.h"
#include "kernel/remote.h"
#include "tests/unit/ready.h"
#include "tests/unit/test.h"

#define MANY 5000

static void finish(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static char state_of(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file_at(AT_FDCWD, path, &text, NULL, NULL) < 0)
		return '?';
	at = strrchr(text, ')');
	return at ? at[2] : '?';
}

static char *maps_of(pid_t pid)
{
	char path[48], *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	read_file_at(AT_FDCWD, path, &text, NULL, NULL);
	return text;
}

static void sleeper(int ready, void *arg)
{
	(void)arg;
	say_ready(ready);
	for (;;)
		pause();
}

static void *thread_body(void *arg)
{
	pthread_barrier_wait(arg);
	for (;;)
		pause();
	return NULL;
}

static void many_threads(int ready, void *arg)
{
	int count = *(int *)arg;
	pthread_barrier_t barrier;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
	for (int i = 0; i < count; i++) {
		pthread_t thread;

		if (pthread_create(&thread, &attr, thread_body, &barrier))
			_exit(8);
	}
	pthread_barrier_wait(&barrier);
	say_ready(ready);
	for (;;)
		pause();
}

static void test_calls(struct remote *remote, struct frozen_thread *thread, pid_t pid)
{
	struct remote_call call = REMOTE_CALL(getpid);
	struct err err = { 0 };

	CHECK(remote_call(remote, thread, &call, &err) == 0, "%s", err.msg);
	CHECK(call.result == pid, "%lld", (long long)call.result);
	call = REMOTE_CALL(gettid);
	CHECK(remote_call(remote, thread, &call, &err) == 0, "%s", err.msg);
	CHECK(call.result == thread->tid, "%lld", (long long)call.result);
	call = REMOTE_CALL(munmap, 1, 2);
	CHECK(remote_call(remote, thread, &call, &err) < 0 && errno == EINVAL);
	CHECK(strstr(err.msg, "munmap(0x1, 0x2): Invalid argument"), "%s", err.msg);
	call = REMOTE_CALL(munmap, 1, 2);
	CHECK(remote_try(remote, thread, &call, &err) == 0, "%s", err.msg);
	CHECK(call.result == -EINVAL, "%lld", (long long)call.result);
}

/* Of the target: by with_handler, or because a shell, posix_spawn(3)... has started this so. */
static bool is_ignored(int signal)
{
	struct {
		uintptr_t handler, flags, restorer, mask;
	} action = { 0 };

	syscall(SYS_rt_sigaction, signal, NULL, &action, 8);
	return signal == SIGUSR1 || action.handler == (uintptr_t)SIG_IGN;
}

/* More calls and data than the scratch memory takes at once. */
static void test_batch(struct remote *remote, struct frozen_thread *thread)
{
	static struct {
		uint64_t handler, flags, restorer, mask;
	} actions[MANY];
	static stack_t stacks[MANY];
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	struct err err = { 0 };
	size_t index = 0;

	for (int i = 0; i < MANY; i++) {
		uint64_t out = remote_out(batch, &actions[i], sizeof(actions[i]));

		index = remote_push(batch,
				    REMOTE_CALL(rt_sigaction, (uint64_t)(1 + i % 64), 0, out, 8));
		CHECK(index == 2 * (size_t)i);
		out = remote_out(batch, &stacks[i], sizeof(stacks[i]));
		remote_push(batch, REMOTE_CALL(sigaltstack, 0, out));
		stacks[i].ss_flags = 77;
	}
	index = remote_push(batch, REMOTE_CALL(chdir, remote_data(batch, "/proc", 6)));
	for (int round = 0; round < 2; round++) {
		CHECK(remote_run(remote, thread, batch, &err) == 0, "%s", err.msg);
		for (int i = 0; i < MANY; i++) {
			CHECK(remote_result(batch, 2 * (size_t)i) == 0);
			/* Sanitizers have a stack and handlers of their own, which are inherited. */
			CHECK(stacks[i].ss_flags == stacks[0].ss_flags, "%d", stacks[i].ss_flags);
			CHECK(actions[i].handler == actions[i % 64].handler, "%d", i);
			CHECK((actions[i].handler == (uintptr_t)SIG_IGN) == is_ignored(1 + i % 64),
			      "%d", i);
		}
		CHECK(remote_check(batch, index, &err) == 0, "%s", err.msg);
	}
}

static void test_batch_errors(struct remote *remote, struct frozen_thread *thread)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	static char big[REMOTE_DATA_MAX + 1];
	struct err err = { 0 };

	remote_push(batch, REMOTE_CALL(chdir, remote_data(batch, "/nowhere", 9)));
	CHECK(remote_run(remote, thread, batch, &err) == 0, "%s", err.msg);
	CHECK(remote_check(batch, 0, &err) < 0 && errno == ENOENT);
	CHECK(strstr(err.msg, "chdir(\"/nowhere\")"), "%s", err.msg);
	remote_data(batch, big, sizeof(big));
	CHECK(remote_run(remote, thread, batch, &err) < 0);
}

static void with_handler(int ready, void *arg)
{
	signal(SIGUSR1, SIG_IGN);
	sleeper(ready, arg);
}

static void test_all(const char *without)
{
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct kernel_features features;
	struct err err = { 0 };
	pid_t pid = spawn_ready(with_handler, NULL);

	CHECK(kernel_features_init(without, &features, &err) == 0, "%s", err.msg);
	CHECK(freeze_process(pid, NULL, &features, &frozen, &err) == 0, "%s", err.msg);
	before = maps_of(pid);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s: %s", without,
	      err.msg);
	test_calls(&remote, frozen.threads[0], pid);
	test_batch(&remote, frozen.threads[0]);
	test_batch_errors(&remote, frozen.threads[0]);
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	after = maps_of(pid);
	CHECK_STR(before, after);
	thaw(&frozen);
	for (int i = 0; i < 100 && state_of(pid) != 'S'; i++)
		usleep(1000);
	CHECK(state_of(pid) == 'S', "%c", state_of(pid));
	finish(pid);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void test_threads(int count)
{
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	pid_t pid = spawn_ready(many_threads, &count);
	struct err err = { 0 };
	int64_t t0 = now_us(), t1, t2, t3;

	CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
	t1 = now_us();
	CHECK(frozen.n_threads == (size_t)count + 1, "%zu", frozen.n_threads);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < frozen.n_threads; i++) {
		struct remote_call call = REMOTE_CALL(gettid);

		CHECK(remote_call(&remote, frozen.threads[i], &call, &err) == 0, "%s", err.msg);
		CHECK(call.result == frozen.threads[i]->tid);
	}
	remote_close(&remote, NULL, NULL);
	t2 = now_us();
	thaw(&frozen);
	t3 = now_us();
	printf("%d threads: freeze %lld us, a call in each %lld us, thaw %lld us\n", count,
	       (long long)(t1 - t0), (long long)(t2 - t1), (long long)(t3 - t2));
	finish(pid);
}

int main(void)
{
	test_all("");
	test_all("rendezvous");
	test_all("vdso_padding");
	test_all("procmap_query");
	test_all("process_vm");
	test_all("proc_mem_force");
	test_all("rseq_configuration,process_vm,proc_mem_force,sched_times,rendezvous");
	test_threads(5);
	test_threads(1000);
	return test_done("remote");
}
