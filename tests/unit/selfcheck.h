/* SPDX-License-Identifier: MIT */
/* A process of many threads that notices if anything was done to it. */
#ifndef PIMAGE_SELFCHECK_H
#define PIMAGE_SELFCHECK_H

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the process and its observer share. */
enum selfcheck_worker {
	WORKER_REGISTERS,
	WORKER_NANOSLEEP,
	WORKER_POLL,
	WORKER_FUTEX,
	WORKER_EPOLL,
	WORKER_SIGTIMEDWAIT,
	WORKER_READ,
	WORKER_WRITE,
	WORKER_SIGSUSPEND,
	WORKER_KILL,
	WORKER_RAISE,
	WORKER_COUNT,
};

struct selfcheck {
	volatile uint64_t rounds[WORKER_COUNT];
	volatile uint64_t eintr; /* of epoll_wait and sigtimedwait: allowed only if a tracer died */
	volatile int failed;
	char message[200];
	volatile pid_t tids[WORKER_COUNT];
	volatile uint64_t suspended; /* signals that the sigsuspend worker has taken */
	int pipe[2];
};

/* Signals of the process have no other way to it. */
static struct selfcheck *selfcheck;

static void selfcheck_fail(const char *format, ...)
{
	va_list ap;

	if (__atomic_exchange_n(&selfcheck->failed, 1, __ATOMIC_SEQ_CST))
		return;
	va_start(ap, format);
	vsnprintf(selfcheck->message, sizeof(selfcheck->message), format, ap);
	va_end(ap);
}

static int64_t selfcheck_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* The mask must be what it was; and a wait neither shorter nor much longer than asked for. */
static void selfcheck_round(enum selfcheck_worker worker, uint64_t mask, int64_t since,
			    int64_t expected_us)
{
	uint64_t now = 0;
	int64_t took = selfcheck_us() - since;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8);
	if (now != mask)
		selfcheck_fail("worker %d: mask %llx, not %llx", worker, (unsigned long long)now,
			       (unsigned long long)mask);
	if (took < expected_us || took > expected_us + 5000000)
		selfcheck_fail("worker %d: waited %lld us, not %lld", worker, (long long)took,
			       (long long)expected_us);
	selfcheck->rounds[worker]++;
}

/* Registers. */

struct selfcheck_regs {
	uint64_t general[14]; /* rax rbx rcx rdx rsi rdi r8 ... r15 */
	uint64_t flags;	      /* as pushfq gives them: carry and direction are set */
	uint64_t unused;
	uint64_t vector[16][4]; /* ymm */
};

void selfcheck_registers(const struct selfcheck_regs *in, struct selfcheck_regs *out,
			 uint64_t rounds);

__asm__(".text\n"
	".globl selfcheck_registers\n"
	".type selfcheck_registers, @function\n"
	"selfcheck_registers:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	push %rsi\n" /* out */
	"	push %rdx\n" /* rounds */
	"	mov %rdi, %rbp\n"
	".set n, 0\n"
	".irp y, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu 128+32*n(%rbp), %ymm\\y\n"
	"	.set n, n+1\n"
	".endr\n"
	".set n, 0\n"
	".irp r, rax,rbx,rcx,rdx,rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15\n"
	"	mov 8*n(%rbp), %\\r\n"
	"	.set n, n+1\n"
	".endr\n"
	"	std\n"
	"	stc\n"
	"1:	decq (%rsp)\n"
	"	jnz 1b\n"
	"	pushfq\n"
	"	mov 16(%rsp), %rbp\n"
	".set n, 0\n"
	".irp r, rax,rbx,rcx,rdx,rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15\n"
	"	mov %\\r, 8*n(%rbp)\n"
	"	.set n, n+1\n"
	".endr\n"
	"	pop %rax\n"
	"	mov %rax, 112(%rbp)\n"
	".set n, 0\n"
	".irp y, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu %ymm\\y, 128+32*n(%rbp)\n"
	"	.set n, n+1\n"
	".endr\n"
	"	cld\n"
	"	vzeroupper\n"
	"	add $16, %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

static uint64_t selfcheck_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed ^ *seed >> 29;
}

#define CARRY_AND_DIRECTION 0x401

static void *selfcheck_do_registers(void *arg)
{
	uint64_t seed = 42, mask = *(uint64_t *)arg;

	for (;;) {
		struct selfcheck_regs in, out;
		uint64_t *words = (uint64_t *)&in;

		for (size_t i = 0; i < sizeof(in) / sizeof(*words); i++)
			words[i] = selfcheck_random(&seed);
		memset(&out, 0, sizeof(out));
		selfcheck_registers(&in, &out, 20000);
		if (memcmp(in.general, out.general, sizeof(in.general)))
			selfcheck_fail("general registers changed");
		if (memcmp(in.vector, out.vector, sizeof(in.vector)))
			selfcheck_fail("vector registers changed");
		if ((out.flags & CARRY_AND_DIRECTION) != CARRY_AND_DIRECTION)
			selfcheck_fail("flags are %llx", (unsigned long long)out.flags);
		selfcheck_round(WORKER_REGISTERS, mask, selfcheck_us(), 0);
		usleep(1000);
	}
	return NULL;
}

/* System calls that wait. */

static void *selfcheck_do_nanosleep(void *arg)
{
	for (;;) {
		struct timespec time = { 0, 5000000 };
		int64_t since = selfcheck_us();

		if (syscall(SYS_nanosleep, &time, NULL) != 0)
			selfcheck_fail("nanosleep: %s", strerror(errno));
		selfcheck_round(WORKER_NANOSLEEP, *(uint64_t *)arg, since, 5000);
	}
	return NULL;
}

static void *selfcheck_do_poll(void *arg)
{
	for (;;) {
		int64_t since = selfcheck_us();
		int n = poll(NULL, 0, 7);

		if (n != 0)
			selfcheck_fail("poll: %d, %s", n, strerror(errno));
		selfcheck_round(WORKER_POLL, *(uint64_t *)arg, since, 7000);
	}
	return NULL;
}

static void *selfcheck_do_futex(void *arg)
{
	int word = 0;

	for (;;) {
		struct timespec time = { 0, 6000000 };
		int64_t since = selfcheck_us();
		long n = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0);

		if (n != -1 || errno != ETIMEDOUT)
			selfcheck_fail("futex: %ld, %s", n, strerror(errno));
		selfcheck_round(WORKER_FUTEX, *(uint64_t *)arg, since, 6000);
	}
	return NULL;
}

static void *selfcheck_do_epoll(void *arg)
{
	int epoll = epoll_create1(0);

	for (;;) {
		struct epoll_event event;
		int64_t since = selfcheck_us();
		int n = epoll_wait(epoll, &event, 1, 9);
		bool interrupted = n < 0 && errno == EINTR;

		if (interrupted)
			selfcheck->eintr++;
		else if (n != 0)
			selfcheck_fail("epoll_wait: %d, %s", n, strerror(errno));
		selfcheck_round(WORKER_EPOLL, *(uint64_t *)arg, since, interrupted ? 0 : 9000);
	}
	return NULL;
}

static void *selfcheck_do_sigtimedwait(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	for (;;) {
		struct timespec time = { 0, 8000000 };
		int64_t since = selfcheck_us();
		int n = sigtimedwait(&set, NULL, &time);
		bool interrupted = n < 0 && errno == EINTR;

		if (interrupted)
			selfcheck->eintr++;
		else if (n >= 0 || errno != EAGAIN)
			selfcheck_fail("sigtimedwait: %d, %s", n, strerror(errno));
		selfcheck_round(WORKER_SIGTIMEDWAIT, *(uint64_t *)arg, since,
				interrupted ? 0 : 8000);
	}
	return NULL;
}

static void *selfcheck_do_write(void *arg)
{
	uint64_t mask = *(uint64_t *)arg;

	for (unsigned char byte = 0;; byte++) {
		if (write(selfcheck->pipe[1], &byte, 1) != 1)
			selfcheck_fail("write: %s", strerror(errno));
		selfcheck_round(WORKER_WRITE, mask, selfcheck_us(), 0);
		usleep(3000);
	}
	return NULL;
}

static void *selfcheck_do_read(void *arg)
{
	uint64_t mask = *(uint64_t *)arg;

	for (unsigned char byte = 0, got;; byte++) {
		if (read(selfcheck->pipe[0], &got, 1) != 1)
			selfcheck_fail("read: %s", strerror(errno));
		else if (got != byte)
			selfcheck_fail("read byte %d, not %d", got, byte);
		selfcheck_round(WORKER_READ, mask, selfcheck_us(), 0);
	}
	return NULL;
}

/* Signals: each one sent is taken once. */

static void selfcheck_on_usr2(int signal)
{
	(void)signal;
	selfcheck->suspended++;
}

static void *selfcheck_do_sigsuspend(void *arg)
{
	uint64_t open = ~(UINT64_C(1) << (SIGUSR2 - 1));

	for (;;) {
		if (syscall(SYS_rt_sigsuspend, &open, 8) != -1 || errno != EINTR)
			selfcheck_fail("sigsuspend: %s", strerror(errno));
		selfcheck_round(WORKER_SIGSUSPEND, *(uint64_t *)arg, selfcheck_us(), 0);
	}
	return NULL;
}

static void *selfcheck_do_kill(void *arg)
{
	uint64_t mask = *(uint64_t *)arg;

	for (uint64_t sent = 1;; sent++) {
		int64_t since = selfcheck_us();

		syscall(SYS_tgkill, getpid(), selfcheck->tids[WORKER_SIGSUSPEND], SIGUSR2);
		while (selfcheck->suspended < sent && selfcheck_us() < since + 5000000)
			usleep(500);
		if (selfcheck->suspended != sent)
			selfcheck_fail("signal %llu of sigsuspend: %llu were taken",
				       (unsigned long long)sent,
				       (unsigned long long)selfcheck->suspended);
		selfcheck_round(WORKER_KILL, mask, since, 0);
	}
	return NULL;
}

static __thread volatile uint64_t selfcheck_raised;

static void selfcheck_on_usr1(int signal)
{
	(void)signal;
	selfcheck_raised++;
}

static void *selfcheck_do_raise(void *arg)
{
	uint64_t mask = *(uint64_t *)arg;

	for (uint64_t sent = 1;; sent++) {
		raise(SIGUSR1);
		if (selfcheck_raised != sent)
			selfcheck_fail("raise: %llu of %llu", (unsigned long long)selfcheck_raised,
				       (unsigned long long)sent);
		selfcheck_round(WORKER_RAISE, mask, selfcheck_us(), 0);
		usleep(100);
	}
	return NULL;
}

struct selfcheck_job {
	enum selfcheck_worker worker;
	void *(*body)(void *mask);
	uint64_t mask;
};

#define BLOCK(signal) (UINT64_C(1) << ((signal)-1))

/* One of them blocks everything that can be blocked. */
static struct selfcheck_job selfcheck_jobs[] = {
	{ WORKER_REGISTERS, selfcheck_do_registers, BLOCK(SIGUSR2) },
	{ WORKER_NANOSLEEP, selfcheck_do_nanosleep, BLOCK(SIGUSR2) | BLOCK(SIGUSR1) },
	{ WORKER_POLL, selfcheck_do_poll, ~(BLOCK(SIGKILL) | BLOCK(SIGSTOP)) },
	{ WORKER_FUTEX, selfcheck_do_futex, 0 },
	{ WORKER_EPOLL, selfcheck_do_epoll, BLOCK(SIGURG) },
	{ WORKER_SIGTIMEDWAIT, selfcheck_do_sigtimedwait, BLOCK(39) | BLOCK(SIGWINCH) },
	{ WORKER_READ, selfcheck_do_read, BLOCK(SIGHUP) },
	{ WORKER_WRITE, selfcheck_do_write, 0 },
	{ WORKER_SIGSUSPEND, selfcheck_do_sigsuspend, BLOCK(SIGUSR2) | BLOCK(SIGHUP) },
	{ WORKER_KILL, selfcheck_do_kill, 0 },
	{ WORKER_RAISE, selfcheck_do_raise, 0 },
};

static void *selfcheck_thread(void *arg)
{
	struct selfcheck_job *job = arg;

	/* Signals of the C library's own are left as it wants them. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &job->mask, NULL, 8);
	selfcheck->tids[job->worker] = (pid_t)syscall(SYS_gettid);
	return job->body(&job->mask);
}

#define SELFCHECK_QUEUED 3

/* Three queued signals with a payload stay pending all the time. */
static void selfcheck_queue(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < SELFCHECK_QUEUED; i++)
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 100 + i });
}

static void selfcheck_unqueue(void)
{
	struct timespec none = { 0, 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	for (int i = 0; i < SELFCHECK_QUEUED; i++)
		if (sigtimedwait(&set, &info, &none) < 0 || info.si_value.sival_int != 100 + i)
			selfcheck_fail("queued signal %d is gone or wrong", i);
}

/* Never returns. On SIGTERM it looks whether its queue is complete, and ends. */
static void selfcheck_run(void)
{
	sigset_t set;
	int signal;

	struct sigaction usr1 = { .sa_handler = selfcheck_on_usr1 };
	struct sigaction usr2 = { .sa_handler = selfcheck_on_usr2 };

	sigaction(SIGUSR1, &usr1, NULL);
	sigaction(SIGUSR2, &usr2, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < WORKER_COUNT; i++) {
		pthread_t thread;

		/* In all threads but this one too: the queue is the process's. */
		selfcheck_jobs[i].mask |= BLOCK(SIGTERM) | BLOCK(SIGRTMIN + 1);
		if (pthread_create(&thread, NULL, selfcheck_thread, &selfcheck_jobs[i]))
			_exit(9);
		while (!selfcheck->tids[selfcheck_jobs[i].worker])
			usleep(100);
	}
	selfcheck_queue();
	sigdelset(&set, SIGRTMIN + 1);
	sigwait(&set, &signal);
	selfcheck_unqueue();
	_exit(0);
}

#endif
