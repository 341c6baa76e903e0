/* SPDX-License-Identifier: MIT */
/* A process that checks itself is stopped, asked and let go, over and over; nothing may show. */
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
#include "kernel/remote.h"
#include "tests/unit/selfcheck.h"
#include "tests/unit/test.h"

static int stop_and_ask(pid_t pid, const struct kernel_features *features, struct err *err)
{
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;

	if (freeze_process(pid, NULL, features, &frozen, err) < 0 ||
	    remote_open(&frozen, frozen.threads[0], NULL, &remote, err) < 0)
		return -1;
	for (size_t i = 0; i < frozen.n_threads; i++) {
		struct remote_call call = REMOTE_CALL(gettid);

		if (remote_call(&remote, frozen.threads[i], &call, err) < 0)
			return -1;
		CHECK(call.result == frozen.threads[i]->tid);
	}
	return remote_close(&remote, NULL, err);
}

static void test_rounds(int rounds, const char *without)
{
	struct kernel_features features;
	struct err err = { 0 };
	pid_t target;
	int status;

	CHECK(kernel_features_init(without, &features, &err) == 0, "%s", err.msg);
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
	for (int i = 0; i < rounds && !selfcheck->failed; i++) {
		CHECK(stop_and_ask(target, &features, &err) == 0, "%s", err.msg);
		usleep((useconds_t)(i % 7) * 1000);
	}
	kill(target, SIGTERM);
	waitpid(target, &status, 0);
	CHECK(status == 0, "status %x", status);
	CHECK(!selfcheck->failed, "%s", selfcheck->message);
	CHECK(selfcheck->eintr == 0, "%llu times EINTR", (unsigned long long)selfcheck->eintr);
	munmap(selfcheck, sizeof(*selfcheck));
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 200;

	test_rounds(rounds, "");
	test_rounds(rounds / 4, "rendezvous");
	test_rounds(rounds / 4, "sched_times,rseq_configuration,process_vm");
	return test_done("undisturbed");
}
