/* SPDX-License-Identifier: MIT */
/* Since when threads have been asleep, from the scheduler's figures in /proc/PID/task/TID/sched. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "format/cleanup.h"
#include "kernel/fallback.h"
#include "kernel/interrupted.h"
#include "kernel/monotonic.h"
#include "kernel/proc_misc.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"
#include "kernel/wait_calls.h"

#define MAX_CPUS    1024
#define COMPARISONS 3
#define FUTURE_NS   UINT64_C(1000000)

/*
 * "se.exec_start : 1525775.989360": when the thread last was seen on a processor, in milliseconds of
 * that processor's scheduler clock (kernel/sched/debug.c, proc_sched_show_task; CONFIG_SCHED_DEBUG,
 * always there since 6.15). For a sleeping thread that is when it went to sleep.
 */
static int sched_number(const char *text, const char *key, uint64_t *ret_ns)
{
	const char *at = strstr(text, key);
	uint64_t whole, part = 0;
	char *end;

	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return -1;
	whole = strtoull(at + 1, &end, 10);
	if (*end == '.' && isdigit((unsigned char)end[1]))
		part = strtoull(end + 1, NULL, 10);
	*ret_ns = whole * UINT64_C(1000000) + part;
	return 0;
}

static int sched_switches(const char *text, uint64_t *ret_switches)
{
	const char *at = strstr(text, "\nnr_voluntary_switches");

	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return -1;
	*ret_switches = strtoull(at + 1, NULL, 10);
	return 0;
}

int sleeper_switches(int procdir, pid_t tid, uint64_t *ret_switches)
{
	_cleanup_free_ char *text = NULL;
	char name[32];

	snprintf(name, sizeof(name), "task/%d/sched", tid);
	if (read_piece_at(procdir, name, &text, NULL, NULL) < 0)
		return -1;
	return sched_switches(text, ret_switches);
}

/* What to add to each processor's clock to get CLOCK_MONOTONIC. */
struct clocks {
	cpu_set_t home; /* where this thread may run */
	bool moved;
	bool known[MAX_CPUS];
	int64_t offset[MAX_CPUS];
};

/*
 * This thread's own figure, which yielding makes the kernel note, is of a moment before the clock is
 * read: the difference is too great if anything, and so is the time at which others fell asleep.
 */
static int compare_once(int64_t *ret_offset)
{
	_cleanup_free_ char *text = NULL;
	uint64_t mine;

	sched_yield();
	if (read_piece_at(AT_FDCWD, "/proc/thread-self/sched", &text, NULL, NULL) < 0 ||
	    sched_number(text, "se.exec_start", &mine) < 0)
		return -1;
	*ret_offset = (int64_t)(monotonic_ns() - mine);
	return 0;
}

/*
 * The clocks of two processors differ by the time that interrupts and the hypervisor took from
 * them, so this thread goes to the processor in question. The least difference is the best.
 */
static int compare_clock(struct clocks *clocks, unsigned cpu)
{
	int64_t offset;
	cpu_set_t only;

	if (!clocks->moved && sched_getaffinity(0, sizeof(clocks->home), &clocks->home) < 0)
		return -1;
	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only) < 0)
		return -1;
	clocks->moved = true;
	for (int i = 0; i < COMPARISONS; i++) {
		if (compare_once(&offset) < 0)
			return -1;
		if (!clocks->known[cpu] || offset < clocks->offset[cpu])
			clocks->offset[cpu] = offset;
		clocks->known[cpu] = true;
	}
	return 0;
}

static uint64_t to_monotonic(struct clocks *clocks, unsigned cpu, uint64_t figure)
{
	uint64_t since;

	if (cpu >= MAX_CPUS || (!clocks->known[cpu] && compare_clock(clocks, cpu) < 0))
		return 0;
	since = figure + (uint64_t)clocks->offset[cpu];
	/* By microseconds it can be in the future. */
	return since <= monotonic_ns() + FUTURE_NS ? since : 0;
}

static void find_since(int procdir, struct clocks *clocks, struct sleeper *sleeper)
{
	_cleanup_free_ char *sched = NULL, *text = NULL;
	struct proc_stat stat;
	uint64_t figure;
	char name[32];
	size_t size;

	snprintf(name, sizeof(name), "task/%d/sched", sleeper->tid);
	if (read_piece_at(procdir, name, &sched, NULL, NULL) < 0 ||
	    sched_number(sched, "se.exec_start", &figure) < 0 ||
	    sched_switches(sched, &sleeper->switches) < 0)
		return;
	snprintf(name, sizeof(name), "task/%d/stat", sleeper->tid);
	if (read_piece_at(procdir, name, &text, &size, NULL) < 0 ||
	    proc_stat_parse(text, size, &stat, NULL) < 0 || stat.state != 'S')
		return;
	sleeper->since_ns = to_monotonic(clocks, (unsigned)stat.processor, figure);
}

/* By the kernel function in which it waits, which depends on the version. */
static int64_t find_restarted(int procdir, const struct sleeper *sleeper)
{
	_cleanup_free_ char *text = NULL;
	char name[32];

	snprintf(name, sizeof(name), "task/%d/wchan", sleeper->tid);
	if (read_piece_at(procdir, name, &text, NULL, NULL) < 0)
		return -1;
	if (strstr(text, "poll"))
		return SYS_poll;
	if (strstr(text, "futex"))
		return SYS_futex;
	/* The first argument is a clock here, an address there. */
	if (strstr(text, "nanosleep"))
		return sleeper->args[0] < 4096 ? SYS_clock_nanosleep : SYS_nanosleep;
	return -1;
}

static bool note_one(int procdir, struct clocks *clocks, struct closing *closing,
		     struct sleeper *sleeper)
{
	_cleanup_free_ char *text = NULL;
	struct proc_syscall in;
	char name[32];
	size_t size;

	snprintf(name, sizeof(name), "task/%d/syscall", sleeper->tid);
	if (read_piece_later(closing, procdir, name, &text, &size, NULL) < 0 ||
	    proc_syscall_parse(text, size, &in, NULL) < 0 || in.kind != PROC_SYSCALL_IN)
		return false;
	sleeper->nr = in.nr;
	sleeper->sp = in.sp;
	memcpy(sleeper->args, in.args, sizeof(sleeper->args));
	if (in.nr == SYS_restart_syscall)
		sleeper->restarted = find_restarted(procdir, sleeper);
	else if (wait_call_limited(in.nr, in.args))
		find_since(procdir, clocks, sleeper);
	else
		return false;
	return true;
}

void sleepers_note(int procdir, const uint32_t *tids, size_t n,
		   const struct kernel_features *features, struct sleepers *ret_sleepers)
{
	_cleanup_free_ struct clocks *clocks = calloc(1, sizeof(*clocks));
	_cleanup_closing_ struct closing closing = { 0 };

	if (!clocks || !feature_on(features, FEATURE_SCHED_TIMES))
		return;
	ret_sleepers->list = calloc(n + 1, sizeof(*ret_sleepers->list));
	for (size_t i = 0; ret_sleepers->list && i < n; i++) {
		struct sleeper sleeper = { .tid = (pid_t)tids[i] };

		if (note_one(procdir, clocks, &closing, &sleeper))
			ret_sleepers->list[ret_sleepers->count++] = sleeper;
	}
	if (clocks->moved)
		sched_setaffinity(0, sizeof(clocks->home), &clocks->home);
}

void sleepers_confirm(int procdir, struct sleepers *sleepers)
{
	for (size_t i = 0; i < sleepers->count; i++) {
		struct sleeper *sleeper = &sleepers->list[i];
		uint64_t switches;

		if (sleeper->since_ns && (sleeper_switches(procdir, sleeper->tid, &switches) < 0 ||
					  switches != sleeper->switches))
			sleeper->since_ns = 0;
	}
}

void sleepers_release(struct sleepers *sleepers)
{
	int error = errno;

	free(sleepers->list);
	*sleepers = (struct sleepers){ 0 };
	errno = error;
}
