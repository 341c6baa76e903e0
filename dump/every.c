/* SPDX-License-Identifier: MIT */
#include "dump/every.h"

#include "cli/progress.h"
#include "dump/generations.h"
#include "dump/history.h"
#include "dump/report.h"
#include "dump/run.h"
#include "format/cleanup.h"
#include "format/err.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

struct every {
	const struct dump_options *options;
	const struct kernel_features *features;
	struct history history;
	unsigned last; /* number of the newest image; 0: none yet */
	unsigned made;
};

static void cleanup_every(struct every *every)
{
	history_forget(&every->history);
}

static int dump_to(struct every *every, const char *path, struct dump *dump, struct err *err)
{
	struct dump_options options = *every->options;
	struct dump_summary summary;
	int ret;

	options.file = path;
	ret = dump_run(&options, every->features, &every->history, dump, &summary, err);
	dump_report(&options, dump, ret < 0 ? NULL : &summary);
	return ret;
}

static int make_generation(struct every *every, struct err *err)
{
	const char *folder = every->options->file;
	_cleanup_(dump_done) struct dump dump = { 0 };
	_cleanup_free_ char *path = NULL;
	char name[GENERATION_NAME];

	/* So that old ones can go, and a damaged one does not harm for ever. */
	if (every->history.links + 1 >= every->options->keep)
		history_forget(&every->history);
	generation_name(every->last + 1, name);
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return err_sys(err, "out of memory");
	if (dump_to(every, path, &dump, err) < 0 ||
	    history_note(&every->history, &dump, folder, name, err) < 0)
		return -1;
	every->last++;
	every->made++;
	if (generation_publish(folder, every->last, err) < 0)
		return -1;
	return generations_prune(folder, every->options->keep, err);
}

/* What was written since the last look is known no more, so the next image has to hold everything. */
static int try_generation(struct every *every, struct err *err)
{
	if (make_generation(every, err) == 0)
		return 0;
	history_forget(&every->history);
	if (!every->made || err->code == ERR_GONE)
		return -1;
	fprintf(stderr, "pdump: %s: the next is tried in %lu s\n", err->msg,
		every->options->every_ns / 1000000000);
	return 0;
}

/* 1: it is time for the next; 0: a signal came, or the process has ended. */
static int await(int signals, int pidfd, uint64_t until, struct err *err)
{
	for (;;) {
		struct pollfd polls[] = { { signals, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
		uint64_t now = progress_now();
		/* Also if the last image took so long that the next is due. */
		int ret = poll(polls, 2, now < until ? (int)((until - now) / 1000000) + 1 : 0);

		if (ret < 0 && errno != EINTR)
			return err_sys(err, "poll");
		if (ret > 0)
			return 0;
		if (ret == 0 && now >= until)
			return 1;
	}
}

static int watch_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, "sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, "signalfd") : fd;
}

static int go_on(struct every *every, int signals, int pidfd, struct err *err)
{
	for (;;) {
		uint64_t next = progress_now() + every->options->every_ns;
		int ret = try_generation(every, err);

		if (ret < 0)
			return every->made && err->code == ERR_GONE ? 0 : -1;
		ret = await(signals, pidfd, next, err);
		if (ret <= 0)
			return ret;
	}
}

int every_run(const struct dump_options *options, const struct kernel_features *features,
	      struct err *err)
{
	_cleanup_(cleanup_every) struct every every = { .options = options, .features = features };
	_cleanup_close_ int folder = -1, signals = -1, pidfd = -1;

	pidfd = (int)syscall(SYS_pidfd_open, options->pid, 0);
	if (pidfd < 0)
		return errno == ESRCH
			       ? err_set(err, ERR_GONE, "there is no process %d", options->pid)
			       : err_sys(err, "process %d", options->pid);
	folder = generations_open(options->file, &every.last, err);
	if (folder < 0)
		return -1;
	signals = watch_signals(err);
	return signals < 0 ? -1 : go_on(&every, signals, pidfd, err);
}
