/* SPDX-License-Identifier: MIT */
/* Processes that cannot be stopped or lent, and the errors that say why. */
#include "tests/unit/child.h"

static void sleep_on(struct shared *shared)
{
	shared->count = 2;
	for (;;)
		pause();
}

static void trace_another(struct shared *shared)
{
	prctl(PR_SET_NAME, "the tracer");
	if (ptrace(PTRACE_SEIZE, shared->tid, 0, 0) == 0)
		shared->count = 1;
	for (;;)
		pause();
}

static void undumpable(struct shared *shared)
{
	prctl(PR_SET_DUMPABLE, 0);
	sleep_on(shared);
}

static void check_refused(pid_t pid, const char *expected)
{
	struct err err = { 0 };
	FROZEN;

	CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) < 0);
	CHECK(strstr(err.msg, expected), "%d: %s (not: %s)", pid, err.msg, expected);
}

static void test_traced(void)
{
	struct shared *shared = shared_new(), *other = shared_new();
	pid_t pid = spawn(sleep_on, other), tracer;
	char expected[64];

	shared->tid = pid;
	tracer = spawn(trace_another, shared);
	for (int i = 0; i < 1000 && !shared->count; i++)
		usleep(1000);
	snprintf(expected, sizeof(expected), "traced by the tracer (pid %d)", tracer);
	check_refused(pid, expected);
	finish(tracer);
	finish(pid);
}

static void test_gone(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	CHECK(comes_to_state(pid, "Z"));
	check_refused(pid, "zombie");
	waitpid(pid, NULL, 0);
	check_refused(pid, "there is no process");
	check_refused(getpid(), "cannot be stopped by this one");
	/* A container has no kernel threads. */
	if (getuid() == 0 && kill(2, 0) == 0 && access("/proc/2/exe", F_OK) < 0)
		check_refused(2, "kernel thread");
	if (getuid() != 0)
		check_refused(1, "belongs to another user");
}

static void test_thread_id(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(churn, shared);
	struct err err = { 0 };
	pid_t tid = 0;

	CHECK(counts_on(shared));
	{
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		tid = frozen.threads[frozen.n_threads - 1]->tid;
		/* Of a thread that is traced, so that it cannot go away meanwhile. */
		if (tid != pid)
			check_refused(tid, "is not a process but a thread");
	}
	finish(pid);
}

static void test_undumpable(void)
{
	struct shared *shared = shared_new();
	int status;
	pid_t tester = fork();

	if (tester == 0) {
		pid_t pid;

		if (getuid() == 0 && (setgid(1000) < 0 || setuid(1000) < 0))
			_exit(1);
		/* Changing ids leaves a process not dumpable, and its children too. */
		prctl(PR_SET_DUMPABLE, 1);
		pid = spawn(undumpable, shared);
		while (shared->count != 2)
			usleep(1000);
		check_refused(pid, "not dumpable");
		finish(pid);
		_exit(test_count.failed != 0);
	}
	waitpid(tester, &status, 0);
	CHECK(status == 0, "%x", status);
}

static void under_seccomp(struct shared *shared)
{
	shared->count = 1;
	prctl(PR_SET_SECCOMP, 1);
	for (;;)
		shared->count++;
}

/* Goes on with 32-bit code, by a far jump: the threads of ia32 programs look the same. */
static void run_in_32_bits(const unsigned char code[2])
{
	unsigned char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct {
		uint32_t address;
		uint16_t segment;
	} __attribute__((packed)) far = { (uint32_t)(uintptr_t)at, 0x23 };

	if (at == MAP_FAILED)
		_exit(1);
	memcpy(at, code, 2);
	__asm__ volatile("ljmp *%0" : : "m"(far));
}

static void in_32_bits(struct shared *shared)
{
	static const unsigned char loop[] = { 0xeb, 0xfe };

	shared->count = 1;
	run_in_32_bits(loop);
}

/* Some virtual machines have no segment of 32-bit code: then it is the jump that fails, and not the ud2 behind it. */
static void try_32_bits(struct shared *shared)
{
	static const unsigned char ud2[] = { 0x0f, 0x0b };

	shared->count = 1;
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	prctl(PR_SET_DUMPABLE, 0);
	run_in_32_bits(ud2);
}

static void test_not_lendable(body_fn *body, const char *expected)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(body, shared);
	struct err err = { 0 };

	while (!shared->count)
		usleep(1000);
	usleep(20000);
	{
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(one_call(&frozen, &err) < 0);
		CHECK(strstr(err.msg, expected), "%s", err.msg);
	}
	CHECK(comes_to_state(pid, "R"), "%c", state_of(pid));
	finish(pid);
}

static void test_32_bits(void)
{
	pid_t pid = spawn(try_32_bits, shared_new());
	int status = 0;

	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "%x", status);
	if (WTERMSIG(status) == SIGSEGV) {
		test_skip("refused", "32-bit threads: a far jump to segment 0x23 faults here");
		return;
	}
	CHECK(WTERMSIG(status) == SIGILL, "%x", status);
	test_not_lendable(in_32_bits, "32-bit");
}

int main(void)
{
	test_traced();
	test_gone();
	test_thread_id();
	test_undumpable();
	test_not_lendable(under_seccomp, "seccomp");
	test_32_bits();
	return test_done("refused");
}
