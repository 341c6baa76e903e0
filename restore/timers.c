/* SPDX-License-Identifier: MIT */
#include "format/timers.h"

#include "format/err.h"
#include "kernel/compat.h"
#include "restore/canvas.h"
#include "restore/restore.h"
#include "restore/siginfo.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

/* Ids are counted up by the kernel; beyond this many steps somebody has made the image up. */
enum { ID_LIMIT = 1 << 20, THREAD_ID_BIT = 4 };

static int timers_check(struct restore *restore, const void *record, struct key key,
			struct err *err)
{
	const struct timers *timers = record;

	(void)restore;
	for (size_t i = 0; i < timers->n_posix_timers; i++) {
		uint32_t id = timers->posix_timers[i].id;

		if (id > INT32_MAX || (i && id <= timers->posix_timers[i - 1].id))
			return err_set(
				err, ERR_IMAGE,
				"processes/%u/timers.json: $.posix_timers[%zu].id: %u is out "
				"of order",
				key.first, i, id);
	}
	for (size_t i = 0; i < timers->n_interval_timers; i++)
		if (timers->interval_timers[i].which > 2)
			return err_set(err, ERR_IMAGE,
				       "processes/%u/timers.json: $.interval_timers[%zu].which",
				       key.first, i);
	return 0;
}

/* The kernel's struct sigevent: value, signal, notify, thread; include/uapi/asm-generic/siginfo.h. */
struct kernel_sigevent {
	uint64_t value;
	int32_t signal;
	int32_t notify;
	int32_t thread;
	int32_t padding[11];
};

static struct kernel_sigevent event_of(const struct canvas *canvas, const struct posix_timer *timer)
{
	const struct made_thread *thread = canvas_thread(canvas, timer->thread);

	return (struct kernel_sigevent){
		.value = timer->value,
		.signal = (int32_t)timer->signal,
		.notify = (int32_t)timer->notify,
		.thread = timer->notify & THREAD_ID_BIT && thread ? (int32_t)thread->own : 0,
	};
}

static int create(struct canvas *canvas, const struct posix_timer *timer, int32_t want,
		  int32_t *ret_id, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	struct kernel_sigevent event = event_of(canvas, timer);
	int32_t id = want;

	remote_push(batch, REMOTE_CALL(timer_create, (uint64_t)(int64_t)timer->clock,
				       remote_data(batch, &event, sizeof(event)),
				       remote_inout(batch, &id, sizeof(id))));
	if (canvas_run(canvas, batch, err) < 0 || remote_check(batch, 0, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

/* Without PR_TIMER_CREATE_RESTORE_IDS every process counts its timers up from 0: go there step by step. */
static int create_by_counting(struct canvas *canvas, const struct posix_timer *timer,
			      struct err *err)
{
	int32_t id = -1;

	if (timer->id > ID_LIMIT)
		return err_set(err, ERR_HOST,
			       "timer id %u is too far to be reached without "
			       "PR_TIMER_CREATE_RESTORE_IDS of Linux 6.16",
			       timer->id);
	for (;;) {
		if (create(canvas, timer, (int32_t)timer->id, &id, err) < 0)
			return -1;
		if (id >= (int32_t)timer->id)
			break;
		if (CANVAS_CALL(canvas, err, timer_delete, (uint64_t)id) < 0)
			return -1;
	}
	if (id != (int32_t)timer->id)
		return err_set(err, ERR_FAILED, "timer %u came out as %d", timer->id, id);
	return 0;
}

static int create_all(struct canvas *canvas, const struct timers *timers, struct err *err)
{
	struct remote_call on =
		REMOTE_CALL(prctl, PR_TIMER_CREATE_RESTORE_IDS, PR_TIMER_CREATE_RESTORE_IDS_ON);
	struct remote_call off =
		REMOTE_CALL(prctl, PR_TIMER_CREATE_RESTORE_IDS, PR_TIMER_CREATE_RESTORE_IDS_OFF);

	if (!timers->n_posix_timers)
		return 0;
	/* Where the kernel does not know it, nothing is switched on, and ids are counted. */
	if (canvas_flush(canvas, err) < 0 ||
	    remote_try(&canvas->remote, canvas_leader(canvas), &on, err) < 0)
		return -1;
	for (size_t i = 0; i < timers->n_posix_timers; i++)
		if (create_by_counting(canvas, &timers->posix_timers[i], err) < 0)
			return err_prefix(err, "timer %u", timers->posix_timers[i].id);
	return remote_try(&canvas->remote, canvas_leader(canvas), &off, err);
}

static struct timespec timespec_of(uint64_t nanoseconds)
{
	return (struct timespec){ (time_t)(nanoseconds / 1000000000),
				  (long)(nanoseconds % 1000000000) };
}

static struct timeval timeval_of(uint64_t nanoseconds)
{
	return (struct timeval){ (time_t)(nanoseconds / 1000000000),
				 (suseconds_t)(nanoseconds % 1000000000 / 1000) };
}

/*
 * A periodic timer whose signal is pending counts on until the signal is taken, so the timer itself has to send it: it is set to
 * have expired a period before its next time.
 */
static bool expire_before(const struct posix_timer *timer, struct timespec *ret_when)
{
	struct timespec now;
	uint64_t time;

	if (timer->clock == CLOCK_PROCESS_CPUTIME_ID || timer->clock == CLOCK_THREAD_CPUTIME_ID ||
	    timer->remaining > timer->interval || clock_gettime(timer->clock, &now) < 0)
		return false;
	time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	*ret_when = timespec_of(time + timer->remaining - timer->interval);
	return true;
}

static void push_posix_timer(struct remote_batch *batch, const struct posix_timer *timer,
			     bool pending)
{
	struct itimerspec value = { timespec_of(timer->interval), timespec_of(timer->remaining) };
	int flags = 0;

	if (pending && expire_before(timer, &value.it_value))
		flags = TIMER_ABSTIME;
	else if (pending)
		value.it_value = timespec_of(1);
	remote_push(batch, REMOTE_CALL(timer_settime, timer->id, flags,
				       remote_data(batch, &value, sizeof(value)), 0));
}

/* An interval timer that has expired waits likewise, and shows no time: it sends its signal, or finds it sent. */
static uint64_t remaining_of(const struct interval_timer *timer)
{
	return timer->remaining || timer->which != ITIMER_REAL ? timer->remaining : 1000;
}

static void arm_all(struct restore *restore, struct canvas *canvas, const struct timers *timers)
{
	struct remote_batch *batch;

	if (!timers->n_posix_timers && !timers->n_interval_timers)
		return;
	batch = canvas_later(canvas);

	for (size_t i = 0; i < timers->n_posix_timers; i++)
		push_posix_timer(batch, &timers->posix_timers[i],
				 timer_is_pending(&restore->image, canvas->own_pid,
						  &timers->posix_timers[i]));
	for (size_t i = 0; i < timers->n_interval_timers; i++) {
		const struct interval_timer *timer = &timers->interval_timers[i];
		const struct itimerval value = { timeval_of(timer->interval),
						 timeval_of(remaining_of(timer)) };

		remote_push(batch, REMOTE_CALL(setitimer, timer->which,
					       remote_data(batch, &value, sizeof(value)), 0));
	}
}

static int timers_apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct timers *timers = IMAGE_GET(&restore->image, timers, canvas->own_pid, 0);

	if (create_all(canvas, timers, err) < 0)
		return -1;
	arm_all(restore, canvas, timers);
	return 0;
}

const struct restorer timers_restorer = { .check = timers_check,
					  .apply = timers_apply,
					  .phase = PHASE_LATE };
