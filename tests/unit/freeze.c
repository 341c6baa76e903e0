/* SPDX-License-Identifier: MIT */
/* Stopping processes in every state they can be in. */
#include "tests/unit/child.h"

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

/* It is listed until the kernel has taken it away, but will never run again. */
static bool has_ended(pid_t tid)
{
	return strchr("XZ?", state_of(tid)) != NULL;
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
		for (size_t k = 0; k < n; k++)
			CHECK(frozen_find(&frozen, (pid_t)tids[k]) || has_ended((pid_t)tids[k]),
			      "thread %u, of %zu, is in none of the %zu that are frozen", tids[k],
			      n, frozen.n_threads);
		CHECK(n >= frozen.n_threads, "%zu of %zu", frozen.n_threads, n);
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

static void go_on_counting(struct shared *shared)
{
	for (;;) {
		shared->count++;
		usleep(100);
	}
}

static bool counts(const struct shared *shared)
{
	uint64_t before = shared->count;

	for (int i = 0; i < 1000 && shared->count == before; i++)
		usleep(1000);
	return shared->count > before;
}

/* Two that stop together; one that is given up in between; one that ends in between. */
static void test_in_two_steps(void)
{
	struct shared *shared[2] = { shared_new(), shared_new() };
	pid_t pids[2] = { spawn(go_on_counting, shared[0]), spawn(go_on_counting, shared[1]) };
	struct frozen both[2] = { FROZEN_EMPTY, FROZEN_EMPTY };
	struct err err = { 0 };
	uint64_t before;

	for (int i = 0; i < 2; i++)
		CHECK(freeze_begin(pids[i], NULL, NULL, &both[i], &err) == 0, "%s", err.msg);
	for (int i = 0; i < 2; i++)
		CHECK(freeze_end(&both[i], &err) == 0, "%s", err.msg);
	before = shared[0]->count + shared[1]->count;
	usleep(5000);
	CHECK(shared[0]->count + shared[1]->count == before);
	for (int i = 0; i < 2; i++)
		thaw(&both[i]);
	CHECK(counts(shared[0]) && counts(shared[1]));
	CHECK(freeze_begin(pids[0], NULL, NULL, &both[0], &err) == 0, "%s", err.msg);
	thaw(&both[0]);
	CHECK(counts(shared[0]));
	CHECK(freeze_begin(pids[1], NULL, NULL, &both[1], &err) == 0, "%s", err.msg);
	kill(pids[1], SIGKILL);
	CHECK(freeze_end(&both[1], &err) < 0 && err.code == ERR_GONE, "%d %s", err.code, err.msg);
	thaw(&both[1]);
	finish(pids[0]);
	finish(pids[1]);
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

/* Nothing may come between the store and the sequence: a thread that is preempted there would not be in one. */
__asm__(".text\n"
	".globl sequence_enter, sequence_start, sequence_end, sequence_abort\n"
	"sequence_enter: mov %rsi, (%rdi)\n"
	"sequence_start: jmp sequence_start\n"
	"sequence_end:\n"
	"	.long 0x53053053\n" /* RSEQ_SIG: must stand before the abort handler */
	"sequence_abort: ret\n");

void sequence_enter(volatile void *slot, const struct rseq_cs *cs);

static void run_sequences(struct shared *shared)
{
	struct rseq *rseq = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	static struct rseq_cs cs;

	cs.start_ip = (uintptr_t)sequence_start;
	cs.post_commit_offset = (uintptr_t)(sequence_end - sequence_start);
	cs.abort_ip = (uintptr_t)sequence_abort;
	for (;;) {
		shared->count++;
		sequence_enter(&rseq->rseq_cs, &cs);
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
	test_in_two_steps();
	test_does_not_stop();
	test_sequence();
	test_no_signal_left();
	return test_done("freeze");
}
