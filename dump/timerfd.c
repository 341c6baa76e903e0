/* SPDX-License-Identifier: MIT */
#include "format/timerfd.h"

#include "dump/file.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return strcmp(fd->link, "anon_inode:[timerfd]") == 0;
}

/* "it_value: (0, 49406829)": seconds and nanoseconds. */
static int time_of(const char *text, const char *key, uint64_t *ret_time)
{
	unsigned long seconds, nanoseconds;
	size_t length;
	const char *value = proc_fdinfo_find(text, key, &length);

	if (!value || sscanf(value, "(%lu, %lu)", &seconds, &nanoseconds) != 2)
		return -1;
	*ret_time = seconds * 1000000000 + nanoseconds;
	return 0;
}

static int parse(const char *text, struct timerfd *timer, struct err *err)
{
	uint64_t clock, flags;

	if (proc_fdinfo_number(text, "clockid", 10, &clock) < 0 ||
	    proc_fdinfo_number(text, "ticks", 10, &timer->ticks) < 0 ||
	    proc_fdinfo_number(text, "settime flags", 8, &flags) < 0 ||
	    time_of(text, "it_value", &timer->remaining) < 0 ||
	    time_of(text, "it_interval", &timer->interval) < 0)
		return err_set(
			err, ERR_FAILED,
			"fdinfo of a timerfd lacks clockid, ticks, settime flags, it_value or "
			"it_interval");
	timer->clock = (int32_t)clock;
	timer->flags = (uint32_t)flags;
	return 0;
}

/*
 * Once it has expired, the kernel counts no further and shows no time until somebody asks: a read, or
 * timerfd_gettime(2), which takes nothing away.
 */
static int update(const struct dump_fd *fd, struct timerfd *timer, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct itimerspec now;
	char name[32];
	size_t size;

	snprintf(name, sizeof(name), "fdinfo/%u", fd->fd);
	if (timerfd_gettime(fd->copy, &now) < 0 ||
	    read_piece_at(fd->target->proc, name, &text, &size, err) < 0)
		return err_sys(err, "timerfd_gettime");
	if (parse(text, timer, err) < 0)
		return -1;
	/* With a short period it has expired again meanwhile: 0 would say that it is disarmed. */
	if (!timer->remaining)
		timer->remaining =
			(uint64_t)now.it_value.tv_sec * 1000000000 + (uint64_t)now.it_value.tv_nsec;
	if (!timer->remaining)
		timer->remaining = timer->interval;
	return 0;
}

static void note_next(struct dump *dump, const struct dump_fd *fd, struct timerfd *timer)
{
	timer->remaining = timer->interval;
	if (dump->settings.frozen)
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"when it expires next is not known (%s); a whole period is assumed",
				fd->no_copy ? fd->no_copy : "the descriptor cannot be duplicated");
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct timerfd *timer = state;
	struct timespec now;

	if (parse(fd->info_text, timer, err) < 0)
		return -1;
	if (timer->ticks && timer->interval && !timer->remaining) {
		if (!fd->same || !dump->settings.frozen)
			note_next(dump, fd, timer);
		else if (update(fd, timer, err) < 0)
			return -1;
	}
	/* All other clocks count from when the system was started. */
	if ((timer->flags & TIMERFD_ABSTIME) && timer->remaining &&
	    (timer->clock == CLOCK_REALTIME || timer->clock == CLOCK_REALTIME_ALARM) &&
	    clock_gettime(CLOCK_REALTIME, &now) == 0)
		timer->expires = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec +
				 timer->remaining;
	return 0;
}

const struct file_type_dumper timerfd_type_dumper = { &timerfd_record, probe, collect };
