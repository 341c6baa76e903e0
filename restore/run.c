/* SPDX-License-Identifier: MIT */
#include "restore/run.h"

#include "cli/steps.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_load.h"
#include "format/image_previous.h"
#include "format/image_read.h"
#include "format/pimage.h"
#include "format/process.h"
#include "kernel/capabilities.h"
#include "kernel/one_cpu.h"
#include "restore/attach.h"
#include "restore/build.h"
#include "restore/canvas.h"
#include "restore/copies.h"
#include "restore/descriptors.h"
#include "restore/fill.h"
#include "restore/foreground.h"
#include "restore/keeper.h"
#include "restore/lazy.h"
#include "restore/own_terminal.h"
#include "restore/pidfile.h"
#include "restore/pids.h"
#include "restore/spawn.h"
#include "restore/stopped.h"
#include "restore/tree.h"
#include "restore/tty.h"
#include "restore/unix_names.h"
#include "restore/unix_work.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>

void restore_done(struct restore *restore)
{
	build_kill(restore);
	unix_works_free(restore->unix_works);
	unix_names_undo(restore);
	descriptors_free(restore->descriptors);
	free(restore->canvases);
	lineage_done(&restore->lineage);
	free(restore->cpus);
	free(restore->mappings);
	free(restore->objects);
	free(restore->files);
	lazy_done(&restore->lazy);
	problems_done(&restore->problems);
	image_done(&restore->image);
	*restore = (struct restore){ 0 };
}

/* What building may need, and what processes of the image are to have; nothing else is kept from here on. */
static int drop_capabilities(const struct restore *restore, struct err *err)
{
	uint64_t keep = CAPABILITY(CHOWN) | CAPABILITY(DAC_OVERRIDE) | CAPABILITY(DAC_READ_SEARCH) |
			CAPABILITY(FOWNER) | CAPABILITY(KILL) | CAPABILITY(SETGID) |
			CAPABILITY(SETUID) | CAPABILITY(SETPCAP) | CAPABILITY(IPC_LOCK) |
			CAPABILITY(SYS_CHROOT) | CAPABILITY(SYS_PTRACE) | CAPABILITY(SYS_ADMIN) |
			CAPABILITY(SYS_NICE) | CAPABILITY(SYS_RESOURCE) | CAPABILITY(LEASE) |
			CAPABILITY(CHECKPOINT_RESTORE) | CAPABILITY(WAKE_ALARM) |
			/* Since 5.12 it takes this to map user 0 into a new namespace. */
			CAPABILITY(SETFCAP);

	IMAGE_EACH (&restore->image, process, process)
		keep |= process->credentials.capabilities.permitted;
	return capabilities_keep(keep, err);
}

int run_check(struct restore *restore, struct err *err)
{
	if (own_terminal_choose(restore, err) < 0 || tree_check(restore, err) < 0)
		return -1;
	return restore_check(restore, err);
}

int run_plan(struct restore *restore, struct image_reader *reader, enum pids_mode *ret_mode,
	     struct err *err)
{
	if (image_load(reader, &restore->image, err) < 0 ||
	    image_previous_open(restore->options->file, &restore->image, err) < 0 ||
	    lazy_learn(restore, err) < 0 || drop_capabilities(restore, err) < 0)
		return -1;
	if (own_terminal_choose(restore, err) < 0 || tree_check(restore, err) < 0)
		return -1;
	*ret_mode = pids_choose(restore);
	lazy_check(restore, reader, *ret_mode);
	if (restore_check(restore, err) < 0)
		return -1;
	restore->copy = restore->options->copies == 1;
	if (restore->options->copies > 1)
		copies_check(restore, reader);
	return 0;
}

static void cleanup_fill(struct fill *fill)
{
	fill_done(fill);
}

static int build(struct restore *restore, struct image_reader *reader, enum pids_mode mode,
		 struct job *job, struct err *err)
{
	struct steps steps =
		steps_start("prestore", restore->options->verbose, restore->options->progress_fd);
	_cleanup_(cleanup_fill) struct fill fill = { .steps = &steps };

	if (fill_start(&fill, reader, &restore->image, err) < 0 ||
	    build_objects(restore, &fill, err) < 0)
		return -1;
	step(&steps, "objects", "files and shared objects made");
	if (build_processes(restore, &fill, mode, job, err) < 0)
		return -1;
	/* Only now is it known that the image is whole: nothing has run yet, and nothing will if it is not. */
	if (image_reader_finish(reader, NULL, err) < 0 || build_finish(restore, err) < 0)
		return -1;
	step(&steps, "whole", "image found whole");
	return 0;
}

/* Of a shell and its job it may be the job that has the terminal. */
static pid_t foreground_of(const struct restore *restore)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		const struct canvas *canvas = &restore->canvases[i];

		const struct process *process =
			IMAGE_GET(&restore->image, process, canvas->own_pid, 0);

		if (process->foreground && tty_is_own(restore, process))
			return canvas->pid;
	}
	return 0;
}

/* From here on nothing may fail halfway: what can fail comes before the first process is let go. */
static int commit(struct restore *restore, struct job *job, struct keeper *keeper, struct err *err)
{
	if (stopped_commit(restore, err) < 0)
		return -1;
	if (restore->own_terminal && keeper_listen(keeper, restore, job, err) < 0)
		return -1;
	if (restore->options->pidfile &&
	    pidfile_write(restore->options->pidfile, &job->pid, 1, err) < 0)
		return -1;
	job->foreground = foreground_of(restore);
	/* Late: what is written to from then on is copied page by page, while they wait. */
	if (lazy_stay(restore, err) < 0 ||
	    ((!restore->options->detach || restore->own_terminal) &&
	     foreground_take(restore, job, err) < 0) ||
	    job_commit(job, err) < 0) {
		pidfile_remove(restore->options->pidfile);
		return -1;
	}
	unix_names_commit(restore);
	tty_set_devices(restore);
	for (size_t i = 0; i < restore->n_canvases; i++)
		canvas_release(&restore->canvases[i]);
	restore->n_canvases = 0;
	lazy_go(restore);
	/* One of them may have ended, and its signal be taken for that of another's stop. */
	raise(SIGCHLD);
	if (tty_wanted(restore))
		kill(job->foreground ? job->foreground : job->pid, SIGWINCH);
	return 0;
}

/* What only turned up when things were made. */
static void print_late(const struct restore *restore, size_t printed)
{
	const struct problems late = { .notes = restore->problems.notes + printed,
				       .n_notes = restore->problems.n_notes - printed };

	if (!restore->options->quiet && late.n_notes)
		problems_print(&late, stderr);
}

int run_restore(struct restore *restore, struct image_reader *reader, enum pids_mode mode,
		struct err *err)
{
	size_t printed = restore->problems.n_notes;
	_cleanup_(keeper_done) struct keeper keeper = KEEPER_EMPTY;
	_cleanup_(job_done) struct job job = JOB_EMPTY;
	int forked = 0;

	if (restore->options->copies > 1) {
		restore_spread(restore);
		return copies_restore(restore, reader, mode, err);
	}
	if ((!restore->options->detach || restore->own_terminal) && foreground_prepare(err) < 0)
		return -1;
	if (restore->own_terminal)
		forked = keeper_fork(restore, &keeper, err);
	if (forked) {
		restore_spread(restore);
		return forked < 0 ? -1 : attach_first(restore->options, &keeper, err);
	}
	if (build(restore, reader, mode, &job, err) < 0) {
		lazy_explain(restore, err);
		/* Before init, whose end waits for all that is in its namespace and traced by us. */
		build_kill(restore);
		return -1;
	}
	print_late(restore, printed);
	if (restore->one_cpu)
		one_cpu_release(restore->one_cpu);
	if (commit(restore, &job, &keeper, err) < 0) {
		tty_undo(restore);
		build_kill(restore);
		return -1;
	}
	if (restore->own_terminal)
		keeper_run(&keeper, &job);
	if (!restore->options->quiet && restore->options->detach)
		fprintf(stderr, "pid %d\n", job.pid);
	if (restore->options->detach)
		return 0;
	return foreground_wait(restore, &job, err);
}
