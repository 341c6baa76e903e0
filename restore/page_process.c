/* SPDX-License-Identifier: MIT */
#include "restore/page_process.h"

#include "cli/steps.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image.h"
#include "format/image_previous.h"
#include "format/image_read.h"
#include "format/record.h"
#include "kernel/fork_limit.h"
#include "restore/recorder.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct kept {
	int *fds;
	size_t n_fds;
};

static int keep(struct kept *kept, int fd, struct err *err)
{
	int *slot = fd < 0 ? NULL : LIST_ADD(kept, fds, err);

	if (fd < 0)
		return 0;
	if (!slot)
		return -1;
	*slot = fd;
	return 0;
}

static int keep_image(struct kept *kept, const struct image_reader *reader, struct err *err)
{
	const struct image_entry *entry;
	uint64_t offset;
	int fd, last = -1;

	for (size_t i = 0; (entry = image_reader_entry(reader, i)); i++) {
		if (!entry->pages || image_entry_place(entry, &fd, &offset) < 0 || fd == last)
			continue;
		last = fd;
		if (keep(kept, fd, err) < 0)
			return -1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Descriptors that somebody would wait for the end of, or that hold a terminal, are not for a process that stays. */
static int close_others(const struct page_server *server, struct err *err)
{
	struct kept kept = { 0 };
	unsigned next = 0;
	int ret = keep(&kept, STDERR_FILENO, err);

	if (ret == 0)
		ret = keep(&kept, server->go, err);
	for (size_t i = 0; ret == 0 && i < server->n_clients; i++)
		ret = keep(&kept, server->clients[i].uffd, err);
	if (ret == 0)
		ret = keep_image(&kept, server->reader, err);
	for (const struct image_previous *p = server->image->previous; p && ret == 0;
	     p = p->image.previous)
		ret = keep_image(&kept, p->reader, err);
	if (ret == 0) {
		qsort(kept.fds, kept.n_fds, sizeof(*kept.fds), compare);
		for (size_t i = 0; i < kept.n_fds; i++) {
			for (unsigned fd = next; fd < (unsigned)kept.fds[i]; fd++)
				close((int)fd);
			next = (unsigned)kept.fds[i] + 1;
		}
		syscall(SYS_close_range, next, ~0U, 0);
	}
	free(kept.fds);
	return ret;
}

/* What was noted is there as soon as its time is over, or everything has come, or nobody is left who could ask. */
static void write_recorded(struct page_server *server, const struct restore_options *options,
			   struct steps *steps)
{
	struct err err;

	if (!server->recorder || !server->recorder->until)
		return;
	if (recorder_write(server->recorder, options->record, &err) == 0)
		step(steps, "recorded", "what they asked for is recorded");
	else
		dprintf(STDERR_FILENO, "prestore: --record=%s: %s\n", options->record, err.msg);
	server->recorder = NULL;
}

static int serve(struct page_server *server, const struct restore_options *options)
{
	struct steps steps = steps_start("prestore", options->verbose, NO_PROGRESS_FD);
	struct err err;
	int ret;

	ret = page_server_run(server, &err);
	if (ret >= 0)
		write_recorded(server, options, &steps);
	if (ret == SERVED_RECORDED)
		ret = page_server_run(server, &err);
	if (ret == SERVED_ALL) {
		step(&steps, "pages_in",
		     server->lost ? "processes ended before all their pages were in"
				  : "all pages are in");
		return 0;
	}
	page_server_kill(server);
	dprintf(STDERR_FILENO,
		"prestore: %s: %s; the restored processes are killed, because pages of theirs are "
		"missing\n",
		options->file, err.msg);
	return 1;
}

static void leave_caller(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGPIPE };

	setsid();
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_NAME, "prestore-pages");
}

/*
 * A process that begins takes the processor of its parent, which has more to do, even if another one is about to be idle; but not by the policy of those that
 * compute for long (sched(7), SCHED_BATCH). Returns whether that is set.
 */
static bool stand_aside(void)
{
	static const struct sched_param none = { 0 };

	return sched_getscheduler(0) == SCHED_OTHER &&
	       sched_setscheduler(0, SCHED_BATCH, &none) == 0;
}

static void stand_aside_no_more(void)
{
	static const struct sched_param none = { 0 };
	int error = errno;

	sched_setscheduler(0, SCHED_OTHER, &none);
	errno = error;
}

/*
 * Two processes hold the descriptors: without any, missing pages would be zeros. When the one that gives the pages is killed, the other one
 * kills the processes.
 */
static void __attribute__((noreturn))
stay(struct page_server *server, const struct restore_options *options, bool aside)
{
	int status = 0;
	pid_t pid;

	leave_caller();
	pid = close_others(server, NULL) < 0 ? -1 : fork();
	/* Whoever waits for a page should not wait for others. */
	if (pid <= 0 && aside)
		stand_aside_no_more();
	if (pid <= 0)
		_exit(serve(server, options));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFSIGNALED(status))
		_exit(WEXITSTATUS(status));
	page_server_kill(server);
	dprintf(STDERR_FILENO,
		"prestore: what gave the restored processes their pages was killed by signal %d; "
		"they are killed, because pages of theirs are missing\n",
		WTERMSIG(status));
	_exit(1);
}

int page_process_start(struct page_server *server, const struct restore_options *options,
		       struct err *err)
{
	bool aside;
	pid_t pid;

	fflush(NULL);
	aside = stand_aside();
	pid = fork();
	if (pid == 0)
		stay(server, options, aside);
	if (aside)
		stand_aside_no_more();
	return pid < 0 ? err_sys(err, "cannot make a process that gives pages%s", fork_limit(errno))
		       : 0;
}
