/* SPDX-License-Identifier: MIT */
/* Stopping processes in every state they can be in, and the errors for those that cannot be. */
#include "kernel/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "format/err.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"
#include "kernel/remote.h"
#include "tests/unit/test.h"

#define FROZEN _cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY

/* What a child tells its parent while it runs. */
struct shared {
	volatile uint64_t count;
	volatile uint64_t taken;
	volatile pid_t tid;
};

static struct shared *shared_new(void)
{
	return mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
}

typedef void body_fn(struct shared *shared);

static pid_t spawn(body_fn *body, struct shared *shared)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A group whose parent is outside of it: SIGTSTP does nothing to an orphaned one. */
		setpgid(0, 0);
		body(shared);
		_exit(0);
	}
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
}

static char state_of(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	char path[48];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file_at(AT_FDCWD, path, &text, &size, NULL) < 0 ||
	    proc_stat_parse(text, size, &stat, NULL) < 0)
		return '?';
	return stat.state;
}

static bool comes_to_state(pid_t pid, const char *states)
{
	for (int i = 0; i < 1000; i++) {
		if (strchr(states, state_of(pid)))
			return true;
		usleep(1000);
	}
	return false;
}

static bool counts_on(struct shared *shared)
{
	uint64_t before = shared->count;

	for (int i = 0; i < 1000 && shared->count < before + 2; i++)
		usleep(1000);
	return shared->count >= before + 2;
}

static void count(struct shared *shared)
{
	for (;;) {
		shared->count++;
		usleep(500);
	}
}

static int one_call(struct frozen *frozen, struct err *err)
{
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	struct remote_call call = REMOTE_CALL(getpid);

	if (remote_open(frozen, frozen->threads[0], NULL, &remote, err) < 0)
		return -1;
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (remote_call(&remote, frozen->threads[i], &call, err) < 0)
			return -1;
	return remote_close(&remote, NULL, err);
}

/* Job control. */

static void test_stopped(int signal)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(count, shared);
	struct err err = { 0 };
	int status;

	CHECK(counts_on(shared));
	kill(pid, signal);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	for (int i = 0; i < 3; i++) {
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(frozen.threads[0]->stop_signal == signal, "%d",
		      frozen.threads[0]->stop_signal);
		if (i)
			CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(comes_to_state(pid, "T"), "%c", state_of(pid));
	CHECK(waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG) == 0, "%x", status);
	kill(pid, SIGCONT);
	CHECK(counts_on(shared));
	finish(pid);
}

/* A signal of job control comes while the process stands still. */
static void test_signal_meanwhile(int first, int then, bool call, const char *states)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(count, shared);
	struct err err = { 0 };
	int status;

	CHECK(counts_on(shared));
	if (first) {
		kill(pid, first);
		waitpid(pid, &status, WUNTRACED);
	}
	{
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		kill(pid, then);
		if (call)
			CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(comes_to_state(pid, states), "%d then %d: %c", first, then, state_of(pid));
	usleep(20000);
	CHECK(comes_to_state(pid, states), "%d then %d: %c", first, then, state_of(pid));
	kill(pid, SIGCONT);
	CHECK(counts_on(shared));
	finish(pid);
}

static void test_stop_and_kill(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(count, shared);
	struct err err = { 0 };
	int status;

	CHECK(counts_on(shared));
	{
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
		CHECK(frozen_stop(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	kill(pid, SIGCONT);
	CHECK(counts_on(shared));
	{
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(frozen_kill(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(waitpid(pid, &status, 0) < 0 || WIFSIGNALED(status));
}

/* Signals. */

static struct shared *handler_shared;

static void on_signal(int signal)
{
	(void)signal;
	handler_shared->taken++;
}

static void take_signals(struct shared *shared)
{
	handler_shared = shared;
	signal(SIGRTMIN, on_signal);
	signal(SIGUSR1, on_signal);
	count(shared);
}

static void send_signals(struct shared *shared)
{
	for (int i = 0; i < 2000; i++) {
		while (sigqueue(shared->tid, SIGRTMIN, (union sigval){ 0 }) < 0)
			usleep(1000);
		usleep(20);
	}
	_exit(0);
}

static void test_signal_storm(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(take_signals, shared), sender;
	struct err err = { 0 };

	CHECK(counts_on(shared));
	shared->tid = pid;
	sender = spawn(send_signals, shared);
	while (waitpid(sender, NULL, WNOHANG) == 0) {
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
	}
	for (int i = 0; i < 1000 && shared->taken < 2000; i++)
		usleep(1000);
	CHECK(shared->taken == 2000, "%llu", (unsigned long long)shared->taken);
	finish(pid);
}

/* Threads that come and go. */

static void *short_lived(void *arg)
{
	((struct shared *)arg)->count++;
	return NULL;
}

static void *makes_threads(void *arg)
{
	for (;;) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, short_lived, arg);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	return NULL;
}

static void churn(struct shared *shared)
{
	pthread_t thread;

	pthread_create(&thread, NULL, makes_threads, shared);
	makes_threads(shared);
}

static void test_churn(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(churn, shared);
	struct err err = { 0 };

	for (int i = 0; i < 50; i++) {
		_cleanup_free_ uint32_t *tids = NULL;
		char path[48];
		size_t n = 0;
		FROZEN;

		CHECK(counts_on(shared));
		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		CHECK(list_numbers_at(AT_FDCWD, path, &tids, &n, &err) == 0, "%s", err.msg);
		CHECK(n == frozen.n_threads, "%zu of %zu", frozen.n_threads, n);
		CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(counts_on(shared));
	finish(pid);
}

static void *count_alone(void *arg)
{
	count(arg);
	return NULL;
}

static void leave_leader(struct shared *shared)
{
	pthread_t thread;

	pthread_create(&thread, NULL, count_alone, shared);
	pthread_exit(NULL);
}

static void test_leader_exited(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(leave_leader, shared);
	struct err err = { 0 };

	CHECK(counts_on(shared) && comes_to_state(pid, "Z"));
	{
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(frozen.leader_exited && frozen.n_threads == 1);
		CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(counts_on(shared));
	finish(pid);
}

static void execute_again(struct shared *shared)
{
	(void)shared;
	execl("/proc/self/exe", "freeze", "again", NULL);
	_exit(7);
}

static void test_exec_storm(void)
{
	pid_t pid = spawn(execute_again, NULL);
	struct err err = { 0 };

	for (int i = 0; i < 100; i++) {
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(frozen.n_threads == 1);
	}
	CHECK(strchr("RSD", state_of(pid)), "%c", state_of(pid));
	finish(pid);
}

static void wait_for_child(struct shared *shared)
{
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		shared->count++;
		for (;;)
			usleep(1000);
	}
}

static void test_does_not_stop(void)
{
	struct freeze_options options = { .timeout_ms = 100 };
	struct shared *shared = shared_new();
	pid_t pid = spawn(wait_for_child, shared);
	struct err err = { 0 };
	FROZEN;

	CHECK(comes_to_state(pid, "D"), "%c", state_of(pid));
	CHECK(freeze_process(pid, &options, NULL, &frozen, &err) < 0);
	CHECK(strstr(err.msg, "does not stop") && strstr(err.msg, "vfork"), "%s", err.msg);
	finish(pid);
}

/* Restartable sequences. */

#include <linux/rseq.h>
#include <sys/rseq.h>

extern char sequence_start[], sequence_end[], sequence_abort[];

__asm__(".text\n"
	".globl sequence_start, sequence_end, sequence_abort\n"
	"sequence_start: jmp sequence_start\n"
	"sequence_end:\n"
	"	.long 0x53053053\n" /* RSEQ_SIG: must stand before the abort handler */
	"sequence_abort: ret\n");

void sequence_start_call(void) __asm__("sequence_start");

static void run_sequences(struct shared *shared)
{
	struct rseq *rseq = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	static struct rseq_cs cs;

	cs.start_ip = (uintptr_t)sequence_start;
	cs.post_commit_offset = (uintptr_t)(sequence_end - sequence_start);
	cs.abort_ip = (uintptr_t)sequence_abort;
	for (;;) {
		rseq->rseq_cs = (uintptr_t)&cs;
		shared->count++;
		sequence_start_call();
	}
}

static void test_sequence(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(run_sequences, shared);
	struct err err = { 0 };

	usleep(20000);
	for (int i = 0; i < 20; i++) {
		uint64_t before = shared->count;
		FROZEN;

		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		if (!frozen.threads[0]->rseq_size)
			break;
		CHECK(arch_regs_ip(&frozen.threads[0]->regs) != (uintptr_t)sequence_start);
		CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
		thaw(&frozen);
		for (int k = 0; k < 1000 && shared->count == before; k++)
			usleep(1000);
		CHECK(shared->count > before, "it still is in the sequence");
	}
	finish(pid);
}

/* What cannot be stopped or lent. */

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

/* 32-bit code in a 64-bit process, by a far jump: the threads of ia32 programs look the same. */
static void in_32_bits(struct shared *shared)
{
	static const unsigned char loop[] = { 0xeb, 0xfe };
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct {
		uint32_t address;
		uint16_t segment;
	} __attribute__((packed)) far = { (uint32_t)(uintptr_t)code, 0x23 };

	memcpy(code, loop, sizeof(loop));
	shared->count = 1;
	__asm__ volatile("ljmp *%0" : : "m"(far));
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

static void block_and_catch_all(struct shared *shared)
{
	sigset_t all;

	handler_shared = shared;
	for (int i = 1; i <= 64; i++)
		signal(i, on_signal);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	count(shared);
}

static void test_no_signal_left(void)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(block_and_catch_all, shared);
	struct err err = { 0 };

	for (int i = 0; i < 20; i++) {
		FROZEN;

		CHECK(counts_on(shared));
		CHECK(freeze_process(pid, NULL, NULL, &frozen, &err) == 0, "%s", err.msg);
		CHECK(one_call(&frozen, &err) == 0, "%s", err.msg);
	}
	CHECK(counts_on(shared));
	CHECK(shared->taken == 0, "%llu", (unsigned long long)shared->taken);
	finish(pid);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "again") == 0) {
		usleep(300);
		execute_again(NULL);
	}
	test_stopped(SIGSTOP);
	test_stopped(SIGTSTP);
	test_signal_meanwhile(0, SIGSTOP, false, "T");
	test_signal_meanwhile(0, SIGSTOP, true, "T");
	test_signal_meanwhile(SIGSTOP, SIGCONT, false, "RS");
	test_signal_meanwhile(SIGSTOP, SIGCONT, true, "RS");
	test_stop_and_kill();
	test_signal_storm();
	test_churn();
	test_leader_exited();
	test_exec_storm();
	test_does_not_stop();
	test_sequence();
	test_traced();
	test_gone();
	test_thread_id();
	test_undumpable();
	test_not_lendable(under_seccomp, "seccomp");
	test_not_lendable(in_32_bits, "32-bit");
	test_no_signal_left();
	return test_done("freeze");
}
