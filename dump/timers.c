/* SPDX-License-Identifier: MIT */
#include "format/timers.h"

#include "dump/dump.h"
#include "dump/facts.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/proc_timers.h"
#include "kernel/readfile.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

enum { INTERVAL_TIMERS = 3, SIGEV_THREAD_ID_BIT = 4 };

/* What the kernel makes of CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID when a timer is
 * created: CPU clocks of pid 0, which is whoever created it (kernel/time/posix-cpu-timers.c). */
enum { OWN_PROCESS_CLOCK = -6, OWN_THREAD_CLOCK = -2 };

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

static uint64_t nanoseconds_of_timeval(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_usec * 1000;
}

/* Timers name a thread as the reader of /proc sees it; the image names it as the process does. */
static int own_tid(const struct target *target, int32_t tid, uint32_t *ret_tid, struct err *err)
{
	_cleanup_(proc_status_release) struct proc_status status = { 0 };

	if (target_thread_status(target, tid, NULL, &status, err) < 0)
		return -1;
	*ret_tid = ns_own(&status.ns_pid, tid);
	return 0;
}

static int32_t own_clock(struct dump *dump, const struct target *target,
			 const struct proc_timer *from)
{
	if (from->clock_id == OWN_PROCESS_CLOCK)
		return CLOCK_PROCESS_CPUTIME_ID;
	if (from->clock_id != OWN_THREAD_CLOCK)
		return from->clock_id;
	/* Nothing tells which thread created it. */
	if (target->stat.num_threads > 1)
		problems_add(
			&dump->problems, VERDICT_APPROXIMATED, target->name,
			"timer %d runs by the CPU time of one of %u threads: the first is taken",
			from->id, target->stat.num_threads);
	return CLOCK_THREAD_CPUTIME_ID;
}

static int add_posix_timer(struct dump *dump, const struct target *target, struct timers *timers,
			   const struct proc_timer *from, struct err *err)
{
	struct posix_timer *timer = LIST_ADD(timers, posix_timers, err);

	if (!timer)
		return -1;
	*timer = (struct posix_timer){
		.id = (uint32_t)from->id,
		.clock = own_clock(dump, target, from),
		.notify = from->notify | (from->thread ? SIGEV_THREAD_ID_BIT : 0),
		.signal = (uint32_t)from->signal,
		.value = from->value,
	};
	/* Negative clocks name a process or thread by its bits, clock_getcpuclockid(3). */
	if (timer->clock < 0) {
		problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
			     "timer %d runs by the clock of another task (%d)", from->id,
			     from->clock_id);
		problems_remedy(&dump->problems, "delete the timer in the program");
		return 0;
	}
	if (from->thread && from->target)
		return own_tid(target, from->target, &timer->thread, err);
	return 0;
}

static int collect_posix_timers(struct dump *dump, const struct target *target,
				struct timers *timers, struct err *err)
{
	_cleanup_(proc_timers_release) struct proc_timers list = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (facts_text(target, "timers", &text, &size, err) < 0) {
		if (errno != ENOENT)
			return -1;
		problems_add(&dump->problems, VERDICT_LOST, target->name,
			     "POSIX timers, if there are any: this kernel does not show them "
			     "(CONFIG_CHECKPOINT_RESTORE)");
		return 0;
	}
	if (proc_timers_parse(text, size, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if (add_posix_timer(dump, target, timers, &list.list[i], err) < 0)
			return -1;
	return 0;
}

static int add_interval_timer(struct timers *timers, uint32_t which, const struct itimerval *value,
			      struct err *err)
{
	struct interval_timer *timer;

	/* One that expired and whose signal still waits shows no time, but its interval: it goes on. */
	if (!value->it_value.tv_sec && !value->it_value.tv_usec && !value->it_interval.tv_sec &&
	    !value->it_interval.tv_usec)
		return 0;
	timer = LIST_ADD(timers, interval_timers, err);
	if (!timer)
		return -1;
	*timer = (struct interval_timer){ which, nanoseconds_of_timeval(&value->it_interval),
					  nanoseconds_of_timeval(&value->it_value) };
	return 0;
}

/* How much time is left only the process itself can ask. */
struct answers {
	struct itimerval intervals[INTERVAL_TIMERS];
	struct itimerspec values[]; /* of POSIX timers */
};

static struct timers *add_timers(struct dump *dump, const struct target *target, struct err *err)
{
	struct timers *timers = IMAGE_ADD(&dump->image, timers, target->own_pid, 0, err);

	return timers && collect_posix_timers(dump, target, timers, err) == 0 ? timers : NULL;
}

static int timers_ask(struct dump *dump, struct target *target, struct err *err)
{
	struct timers *timers = add_timers(dump, target, err);
	struct remote_batch *batch = target->batch;
	struct answers *answers;

	if (!timers)
		return -1;
	answers = target_ask(target, KIND_timers,
			     sizeof(*answers) + timers->n_posix_timers * sizeof(*answers->values),
			     err);
	if (!answers)
		return -1;
	for (size_t i = 0; i < timers->n_posix_timers; i++) {
		uint32_t id = timers->posix_timers[i].id;

		remote_push(batch, REMOTE_CALL(timer_gettime, id,
					       remote_out(batch, &answers->values[i],
							  sizeof(*answers->values))));
		remote_push(batch, REMOTE_CALL(timer_getoverrun, id));
	}
	for (uint32_t i = 0; i < INTERVAL_TIMERS; i++)
		remote_push(batch, REMOTE_CALL(getitimer, i,
					       remote_out(batch, &answers->intervals[i],
							  sizeof(*answers->intervals))));
	return 0;
}

static int collect_times(const struct target *target, struct timers *timers, struct err *err)
{
	const struct question *question = &target->questions[KIND_timers];
	const struct answers *answers = question->answers;

	for (size_t i = 0; i < timers->n_posix_timers; i++) {
		struct posix_timer *timer = &timers->posix_timers[i];
		int64_t overrun = remote_result(target->batch, question->first + 2 * i + 1);

		if (remote_check(target->batch, question->first + 2 * i, err) < 0)
			return -1;
		timer->interval = nanoseconds(&answers->values[i].it_interval);
		timer->remaining = nanoseconds(&answers->values[i].it_value);
		timer->overrun = overrun > 0 ? (uint32_t)overrun : 0;
	}
	for (uint32_t i = 0; i < INTERVAL_TIMERS; i++)
		if (add_interval_timer(timers, i, &answers->intervals[i], err) < 0)
			return -1;
	return 0;
}

static int timers_collect(struct dump *dump, struct target *target, struct err *err)
{
	if (!target->remote)
		return add_timers(dump, target, err) ? 0 : -1;
	return collect_times(target, IMAGE_GET(&dump->image, timers, target->own_pid, 0), err);
}

const struct dumper timers_dumper = { .ask = timers_ask, .collect = timers_collect };
