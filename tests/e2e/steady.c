/* SPDX-License-Identifier: MIT */
/* A program that notices whatever is done to it: every thread checks the results of its calls, its
 * registers, its mask, and counts a beat in the shared file `beats`. It ends with 1 and says why as
 * soon as something is not as it must be, with 0 at SIGTERM. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "beats.h"

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "harmed: line %d: %s (errno %d)\n", __LINE__, #condition,       \
				errno);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

enum { SPIN, SLEEP, READ, WRITE, QUEUE, MEMORY, COUNT };

static struct beats *beats;
static int ends[2];
static volatile sig_atomic_t ticks, ended;
static char tick_stack[65536];
static pid_t own;

/* Holds patterns in general and vector registers while it counts, half of the time: what is tested with it needs processors too. */
static void spin(void)
{
	static const uint64_t in[8] = { 0x1111, 0x2222, ~0UL, 1UL << 63, 5, 6, 7, 0x8888888888 };
	uint64_t out[8], vector[2] = { 0x123456789abcdef, ~0x123456789abcdefUL }, back[2];
	uint64_t rounds = 1500000;

	__asm__ volatile("movups (%[v]), %%xmm7\n movups (%[v]), %%xmm15\n"
			 "mov 0(%[in]), %%r8\n mov 8(%[in]), %%r9\n mov 16(%[in]), %%r10\n"
			 "mov 24(%[in]), %%r11\n mov 32(%[in]), %%r12\n mov 40(%[in]), %%r13\n"
			 "mov 48(%[in]), %%r14\n mov 56(%[in]), %%r15\n"
			 "1: dec %[n]\n jnz 1b\n"
			 "mov %%r8, 0(%[out])\n mov %%r9, 8(%[out])\n mov %%r10, 16(%[out])\n"
			 "mov %%r11, 24(%[out])\n mov %%r12, 32(%[out])\n mov %%r13, 40(%[out])\n"
			 "mov %%r14, 48(%[out])\n mov %%r15, 56(%[out])\n"
			 "movups %%xmm15, (%[b])\n"
			 : [n] "+r"(rounds)
			 : [in] "r"(in), [out] "r"(out), [v] "r"(vector), [b] "r"(back)
			 : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm7", "xmm15",
			   "cc", "memory");
	MUST(!memcmp(in, out, sizeof(in)) && !memcmp(vector, back, 16));
	usleep(500);
}

static uint64_t mask_now(void)
{
	uint64_t mask;

	MUST(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8) == 0);
	return mask;
}

static void nap(void)
{
	struct timespec left = { 0, 2000000 }, before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	MUST(nanosleep(&left, &left) == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	MUST((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >=
	     2000000);
}

/* Numbers in order, none lost, none twice. */
static void read_one(void)
{
	static uint32_t next;
	uint32_t number;

	MUST(read(ends[0], &number, 4) == 4);
	MUST(number == next++ || (ended && number == ~0U));
}

static void write_one(void)
{
	static uint32_t next;

	MUST(write(ends[1], &next, 4) == 4);
	next++;
	usleep(1000);
}

static void queue_one(void)
{
	static int sent, taken;
	struct timespec limit = { 1, 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	for (int i = 0; i < 3; i++)
		MUST(sigqueue(getpid(), SIGRTMIN + 5, (union sigval){ .sival_int = sent++ }) == 0);
	while (taken < sent) {
		int number = sigtimedwait(&set, &info, &limit);

		MUST(number == SIGRTMIN + 5 || (number < 0 && errno == EINTR));
		if (number > 0)
			MUST(info.si_code == SI_QUEUE && info.si_value.sival_int == taken++);
	}
	usleep(1000);
}

/* Something that does not compress. */
static uint64_t mix(uint64_t i)
{
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9;
	i = (i ^ i >> 27) * 0x94d049bb133111eb;
	return i ^ i >> 31;
}

static void check_memory(void)
{
	static uint64_t *area;
	enum { WORDS = 1 << 19 };

	if (!area) {
		area = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		MUST(area != MAP_FAILED);
		for (uint64_t i = 0; i < WORDS; i++)
			area[i] = mix(i);
	}
	for (uint64_t i = 0; i < WORDS; i += 37)
		MUST(area[i] == mix(i));
	usleep(2000);
}

static void (*const tasks[COUNT])(void) = {
	spin, nap, read_one, write_one, queue_one, check_memory
};

static void *run(void *argument)
{
	uintptr_t number = (uintptr_t)argument;
	uint64_t mask = mask_now() | 1UL << (50 + number);

	MUST(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8) == 0);
	while (!ended) {
		tasks[number]();
		MUST(mask_now() == mask);
		/* A copy of this process must never run. */
		MUST(getpid() == own || access("restored", F_OK) == 0);
		beats->count[number]++;
	}
	return NULL;
}

static void tick(int number, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	MUST(number == SIGRTMIN + 1 && info->si_code == SI_TIMER &&
	     info->si_value.sival_int == 4711);
	MUST(&here >= tick_stack && &here < tick_stack + sizeof(tick_stack));
	ticks++;
	beats->count[COUNT]++;
}

static void on_term(int number)
{
	ended = number;
}

static void start_ticks(void)
{
	struct sigaction action = { .sa_sigaction = tick,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	stack_t stack = { .ss_sp = tick_stack, .ss_size = sizeof(tick_stack) };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
	struct itimerspec spec = { { 0, 3000000 }, { 0, 3000000 } };
	timer_t timer;

	event.sigev_value.sival_int = 4711;
	MUST(sigaltstack(&stack, NULL) == 0);
	MUST(sigaction(SIGRTMIN + 1, &action, NULL) == 0);
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	MUST(timer_settime(timer, 0, &spec, NULL) == 0);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_term };
	pthread_t threads[COUNT];
	sigset_t set, old;
	int fd = open("beats", O_RDWR | O_CREAT | O_TRUNC, 0600);

	own = getpid();
	MUST(fd >= 0 && ftruncate(fd, sizeof(*beats)) == 0 && pipe(ends) == 0);
	beats = mmap(NULL, sizeof(*beats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(beats != MAP_FAILED && close(fd) == 0);
	beats->n = COUNT + 1;
	sigfillset(&set);
	MUST(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	for (uintptr_t i = 0; i < COUNT; i++)
		MUST(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
	MUST(sigaction(SIGTERM, &action, NULL) == 0);
	sigaddset(&old, SIGRTMIN + 5); /* for queue_one() alone */
	MUST(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	start_ticks();
	while (!ended)
		pause();
	MUST(pthread_join(threads[WRITE], NULL) == 0);
	MUST(write(ends[1], &(uint32_t){ ~0U }, 4) == 4); /* the reader may wait for one more */
	for (int i = 0; i < COUNT; i++)
		MUST(i == WRITE || pthread_join(threads[i], NULL) == 0);
	printf("fine\n");
	return 0;
}
