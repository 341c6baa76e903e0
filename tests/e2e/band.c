/* SPDX-License-Identifier: MIT */
/*
 * Ten processes that notice whatever is done to them: each checks who its parent is, its group and session, and the results of its calls, and counts a
 * beat in the shared file `beats`. They pass tokens around through pipes, signal one another, and bear children that end. One is stopped.
 * At SIGTERM the first one ends all others and says that all is fine.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "beats.h"

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition) && !(ended && *ended)) {                                          \
			dprintf(2, "harmed: %d line %d: %s (errno %d)\n", own, __LINE__,           \
				#condition, errno);                                                \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

enum { RING = 3 };

static struct beats *beats;
static volatile bool *ended;
static int ring[RING][2];
static pid_t own, parent, group, session, partner;
static volatile sig_atomic_t told_to_end;

static void nap(long microseconds)
{
	struct timespec pause = { 0, microseconds * 1000 }, before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	MUST(nanosleep(&pause, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	MUST((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >=
	     microseconds * 1000);
}

static void pass_on(int place)
{
	static uint64_t last;
	uint64_t token;

	MUST(read(ring[place][0], &token, sizeof(token)) == sizeof(token));
	MUST(token == last + 1 || !last);
	last = token + RING - 1;
	token++;
	MUST(write(ring[(place + 1) % RING][1], &token, sizeof(token)) == sizeof(token));
	nap(1000);
}

static void pass_0(void)
{
	pass_on(0);
}

static void pass_1(void)
{
	pass_on(1);
}

static void pass_2(void)
{
	pass_on(2);
}

static void bear(void)
{
	static int number;
	int status, wanted = number++ % 100;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		prctl(PR_SET_NAME, "mayfly");
		usleep(500);
		_exit(wanted);
	}
	MUST(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	     WEXITSTATUS(status) == wanted);
	nap(1000);
}

static void doze(void)
{
	nap(1000);
}

/* Returns who sent the value that is due. */
static pid_t receive(int value)
{
	siginfo_t info;
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	do {
		got = sigwaitinfo(&set, &info);
		MUST(got == SIGRTMIN + 3 || errno == EINTR); /* as signal(7) says */
	} while (got < 0);
	MUST(info.si_code == SI_QUEUE && info.si_value.sival_int == value);
	return info.si_pid;
}

static void tell(pid_t pid, int value)
{
	MUST(sigqueue(pid, SIGRTMIN + 3, (union sigval){ .sival_int = value }) == 0);
}

static void ask(void)
{
	static int number;

	tell(partner, number);
	MUST(receive(number) == partner);
	number++;
	nap(1000);
}

static void answer(void)
{
	static int number;

	tell(receive(number), number);
	number++;
}

static void learn(void)
{
	own = getpid();
	parent = getppid();
	group = getpgrp();
	session = getsid(0);
}

static void live(int beat, void (*task)(void))
{
	for (;;) {
		task();
		MUST(getpid() == own && getppid() == parent && getpgrp() == group &&
		     getsid(0) == session);
		beats->count[beat]++;
	}
}

/* Returns the child; with `leads` it makes a session. */
static pid_t start(int beat, void (*task)(void), bool leads)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	if (leads)
		MUST(setsid() > 0);
	learn();
	if (task)
		live(beat, task);
	for (;;)
		pause();
}

/* One with a child of its own, which leads a session. */
static pid_t start_two(int beat)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	MUST(setpgid(0, 0) == 0);
	learn();
	beats->running[BEATS_MAX - 1] = start(beat + 1, doze, true);
	live(beat, doze);
	return 0;
}

static void on_term(int number)
{
	told_to_end = number;
}

static void prepare(void)
{
	int fd = open("beats", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sigset_t set;

	MUST(fd >= 0 && ftruncate(fd, sizeof(*beats)) == 0);
	beats = mmap(NULL, sizeof(*beats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(beats != MAP_FAILED && close(fd) == 0);
	for (int i = 0; i < RING; i++)
		MUST(pipe(ring[i]) == 0);
	MUST(write(ring[0][1], &(uint64_t){ 1 }, 8) == 8);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGTERM, on_term);
}

int main(void)
{
	volatile pid_t *running;
	pid_t stopped;

	ended = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	learn();
	prepare();
	running = beats->running;
	running[0] = start(1, pass_0, false);
	running[1] = start(2, pass_1, false);
	running[2] = start(3, pass_2, true);
	running[3] = start(4, bear, false);
	running[4] = start_two(5); /* and 6 */
	running[5] = partner = start(7, answer, false);
	running[6] = start(8, ask, false);
	stopped = start(9, NULL, false);
	MUST(kill(stopped, SIGSTOP) == 0 && waitpid(stopped, NULL, WUNTRACED) == stopped);
	beats->stopped[0] = stopped;
	beats->n = 9;
	while (!told_to_end) {
		siginfo_t info = { 0 };

		MUST(waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
		usleep(1000);
		beats->count[0]++;
	}
	*ended = true;
	for (int i = 0; i < 7; i++)
		kill(running[i], SIGKILL);
	kill(running[BEATS_MAX - 1], SIGKILL);
	kill(stopped, SIGKILL);
	while (wait(NULL) > 0)
		;
	printf("fine\n");
	return 0;
}
