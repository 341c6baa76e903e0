/* SPDX-License-Identifier: MIT */
/* Made early like all files, set last: it counts from then on. */
#include "format/timerfd.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

/* include/uapi/linux/timerfd.h, whose other names are those of the C library. */
#define SET_TICKS _IOW('T', 0, uint64_t)

#define SECOND 1000000000ul

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct timerfd *saved = state;
	_cleanup_close_ int fd = timerfd_create(saved->clock, TFD_CLOEXEC);

	(void)err;
	if (fd < 0)
		file_problem(restore, file, VERDICT_BLOCKING,
			     errno == EPERM ? "as root (CAP_WAKE_ALARM)" : NULL,
			     "a timer by clock %d cannot be made here: %s", saved->clock,
			     strerror(errno));
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct timerfd *saved = state;
	_cleanup_close_ int fd = timerfd_create(saved->clock, TFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "timerfd_create");
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int settime(int fd, int flags, uint64_t value, uint64_t interval, struct err *err)
{
	const struct itimerspec spec = {
		.it_interval = { (time_t)(interval / SECOND), (long)(interval % SECOND) },
		.it_value = { (time_t)(value / SECOND), (long)(value % SECOND) },
	};

	if (timerfd_settime(fd, flags, &spec, NULL) < 0)
		return err_sys(err, "timerfd_settime");
	return 0;
}

static uint64_t now_by(int clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/*
 * Without TFD_IOC_SET_TICKS (CONFIG_CHECKPOINT_RESTORE): begun so long ago that it has expired so
 * often, if the system runs for so long; else it lacks the earlier ones. That takes an absolute time.
 */
static int expire(struct restore *restore, const struct file *file, int fd,
		  const struct timerfd *saved, struct err *err)
{
	uint64_t now = now_by(saved->clock), left = saved->remaining, ticks = saved->ticks;

	if (!saved->interval)
		return settime(fd, (int)saved->flags, 1, 0, err);
	if (!(saved->flags & TIMERFD_ABSTIME))
		file_problem(restore, file, VERDICT_APPROXIMATED, NULL,
			     "set with TFD_TIMER_ABSTIME, because this kernel has no "
			     "TFD_IOC_SET_TICKS");
	if (ticks > (now + left) / saved->interval)
		ticks = (now + left) / saved->interval;
	now = now + left - ticks * saved->interval;
	return settime(fd, TFD_TIMER_ABSTIME, now ? now : 1, saved->interval, err);
}

static int apply(struct restore *restore, struct canvas *canvas,
		 const struct descriptor *descriptor, const struct file *file, const void *state,
		 struct err *err)
{
	const struct timerfd *saved = state;
	int fd = restore_file(restore, file->id);
	uint64_t value = saved->remaining;

	(void)canvas;
	(void)descriptor;
	if (saved->expires)
		value = saved->expires;
	else if (value && (saved->flags & TIMERFD_ABSTIME))
		value += now_by(saved->clock);
	if (settime(fd, (int)saved->flags, value, saved->interval, err) < 0)
		return -1;
	if (!saved->ticks || ioctl(fd, SET_TICKS, &saved->ticks) == 0)
		return 0;
	return expire(restore, file, fd, saved, err);
}

const struct file_type_restorer timerfd_type_restorer = {
	.record = &timerfd_record,
	.check = check,
	.open = open_it,
	.apply = apply,
};
