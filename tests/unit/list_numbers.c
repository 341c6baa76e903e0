/* SPDX-License-Identifier: MIT */
/* Lists of /proc are whole, whatever signals come while the kernel makes them, and of an ended process there is none. */
#include "kernel/readfile.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIPTORS = 900, ROUNDS = 400 };

static void ignore(int number)
{
	(void)number;
}

static size_t count(int proc)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	struct err err = { 0 };
	size_t n = 0;

	CHECK(list_numbers_at(proc, "fd", &numbers, &n, &err) == 0, "%s", err.msg);
	return n;
}

/* filldir64() of fs/readdir.c ends a piece early where a signal waits. */
static void test_signals(void)
{
	const struct itimerval often = { { 0, 70 }, { 0, 70 } }, never = { 0 };
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	_cleanup_close_ int proc = proc_open(getpid(), NULL);
	size_t want, wrong = 0;

	for (int i = 0; i < DESCRIPTORS; i++)
		CHECK(dup(0) >= 0);
	want = count(proc);
	CHECK(want >= DESCRIPTORS, "%zu", want);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < ROUNDS; i++)
		wrong += count(proc) != want;
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(wrong == 0, "%zu of %d lists are not whole", wrong, ROUNDS);
}

static void test_ended(void)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_close_ int proc = -1;
	pid_t pid = fork();
	size_t n;

	if (pid == 0)
		pause();
	proc = proc_open(pid, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(proc >= 0 && list_numbers_at(proc, "fd", &numbers, &n, NULL) < 0);
	CHECK(list_numbers_at(proc, "task", &numbers, &n, NULL) < 0);
}

int main(void)
{
	test_ended();
	test_signals();
	return test_done("list_numbers");
}
