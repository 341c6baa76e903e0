/* SPDX-License-Identifier: MIT */
#include "restore/run.h"

#include "cli/steps.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_load.h"
#include "format/image_previous.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"
#include "kernel/capabilities.h"
#include "restore/attach.h"
#include "restore/canvas.h"
#include "restore/descriptors.h"
#include "restore/extra.h"
#include "restore/fill.h"
#include "restore/foreground.h"
#include "restore/keeper.h"
#include "restore/lazy.h"
#include "restore/memory.h"
#include "restore/own_terminal.h"
#include "restore/pids.h"
#include "restore/pty.h"
#include "restore/shm.h"
#include "restore/spawn.h"
#include "restore/stopped.h"
#include "restore/thread.h"
#include "restore/thread_ids.h"
#include "restore/tree.h"
#include "restore/tty.h"
#include "restore/unix_names.h"
#include "restore/unix_work.h"
#include "restore/verify.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void kill_canvases(struct restore *restore)
{
	extras_drop(restore);
	for (size_t i = 0; i < restore->n_canvases; i++)
		canvas_kill(&restore->canvases[i]);
	restore->n_canvases = 0;
}

void restore_done(struct restore *restore)
{
	kill_canvases(restore);
	unix_works_free(restore->unix_works);
	unix_names_undo(restore);
	descriptors_free(restore->descriptors);
	free(restore->canvases);
	lineage_done(&restore->lineage);
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

int run_plan(struct restore *restore, struct image_reader *reader, enum pids_mode *ret_mode,
	     struct err *err)
{
	if (image_load(reader, &restore->image, err) < 0 ||
	    image_previous_open(restore->options->file, &restore->image, err) < 0 ||
	    drop_capabilities(restore, err) < 0)
		return -1;
	if (own_terminal_choose(restore, err) < 0)
		return -1;
	if (tree_check(restore, err) < 0)
		return -1;
	*ret_mode = pids_choose(restore);
	lazy_check(restore, reader, *ret_mode);
	return restore_check(restore, err);
}

/* Everything that is made gets a number above those of the image, so many descriptors may be needed. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* A file that anybody has open for writing cannot be executed (ETXTBSY). */
static int make_executable(struct restore *restore, struct err *err)
{
	IMAGE_EACH (&restore->image, process, process) {
		for (size_t i = 0; i < restore->n_objects; i++) {
			struct made_object *object = &restore->objects[i];

			if (object->kind != KIND_shm || !process->exe.contents ||
			    object->id != process->exe.contents || object->fds[0] < 0)
				continue;
			if (fchmod(object->fds[1], process->exe.mode & 07777) < 0)
				return err_sys(err, "%s", process->exe.path);
			cleanup_close(&object->fds[0]);
			object->fds[0] = -1;
		}
	}
	return 0;
}

static int build_canvas(struct restore *restore, enum pids_mode mode, struct job *job,
			struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	struct canvas *canvas;

	/* Room for all at once: remotes point to the frozen process of their canvas. */
	restore->canvases = calloc(pimage->n_pids, sizeof(*restore->canvases));
	if (!restore->canvases)
		return err_sys(err, "out of memory");
	restore->keep = mode != PIDS_NEW;
	restore->root_leads = restore->options->detach;
	if (restore->own_terminal)
		own_terminal_hand_over(restore);
	canvas = &restore->canvases[restore->n_canvases++];
	*canvas = (struct canvas){ .frozen = FROZEN_EMPTY };
	if (spawn(restore, mode, pimage->root, job, canvas, err) < 0 ||
	    frozen_adopt(canvas->pid, restore->features, &canvas->frozen, err) < 0)
		return -1;
	return tree_make(restore, err);
}

static int finish_memory(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];

		if (memory_finish(canvas, IMAGE_GET(&restore->image, memory, canvas->own_pid, 0),
				  err) < 0)
			return err_prefix(err, "%s", canvas->name);
	}
	return 0;
}

static int make_threads(struct restore *restore, enum pids_mode mode, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];

		if (threads_make(restore, canvas, mode != PIDS_NEW, err) < 0 ||
		    thread_ids_correct(restore, canvas, err) < 0)
			return err_prefix(err, "%s", canvas->name);
	}
	return 0;
}

/* The last remote calls, and then the state that the process goes on with. */
static int finish_threads(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];

		if (threads_finish(restore, canvas, err) < 0 ||
		    remote_close(&canvas->remote, canvas_leader(canvas), err) < 0)
			return err_prefix(err, "%s", canvas->name);
	}
	return 0;
}

static void cleanup_fill(struct fill *fill)
{
	fill_done(fill);
}

/* What comes after the pages, phase by phase; see enum phase for why in this order. */
static int build_state(struct restore *restore, enum pids_mode mode, struct err *err)
{
	if (unix_fill_by_processes(restore, err) < 0 ||
	    restore_apply(restore, PHASE_OPEN, err) < 0 ||
	    restore_apply(restore, PHASE_STATE, err) < 0 || tree_finish(restore, err) < 0 ||
	    make_threads(restore, mode, err) < 0 ||
	    restore_apply(restore, PHASE_THREADS, err) < 0 ||
	    restore_apply(restore, PHASE_LATE, err) < 0)
		return -1;
	if (restore_apply(restore, PHASE_LAST, err) < 0)
		return -1;
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (canvas_flush(&restore->canvases[i], err) < 0)
			return -1;
	return 0;
}

static int build(struct restore *restore, struct image_reader *reader, enum pids_mode mode,
		 struct job *job, struct err *err)
{
	struct steps steps =
		steps_start("prestore", restore->options->verbose, restore->options->progress_fd);
	_cleanup_(cleanup_fill) struct fill fill = { 0 };

	raise_descriptor_limit();
	fill.steps = &steps;
	if (fill_start(&fill, reader, &restore->image, err) < 0 ||
	    restore_make_objects(restore, err) < 0 ||
	    fill_kind(&fill, restore, KIND_shm, err) < 0 || make_executable(restore, err) < 0 ||
	    restore_make_files(restore, err) < 0 || unix_fill(restore, err) < 0 ||
	    lazy_make(restore, err) < 0)
		return -1;
	step(&steps, "objects", "files and shared objects made");
	restore->fill = &fill;
	if (build_canvas(restore, mode, job, err) < 0)
		return -1;
	step(&steps, "processes", "processes started and their address spaces laid out");
	if (fill_kind(&fill, restore, KIND_memory, err) < 0 || finish_memory(restore, err) < 0 ||
	    shm_finish(restore, err) < 0 || lazy_start(restore, reader, err) < 0)
		return -1;
	step(&steps, "memory", restore->lazy.on ? "small parts of memory filled" : "memory filled");
	if (build_state(restore, mode, err) < 0)
		return -1;
	restore->fill = NULL;
	step(&steps, "state", "descriptors, threads, signals and timers set");
	/* Only now is it known that the image is whole: nothing has run yet, and nothing will if it is not. */
	if (image_reader_finish(reader, NULL, err) < 0 || finish_threads(restore, err) < 0)
		return -1;
	if (ptys_finish(restore, err) < 0)
		return -1;
	/* The processes have theirs by now; a pipe looks as if it ended here else. */
	restore_close_files(restore);
	if (restore->options->verify && verify(restore, err) < 0)
		return -1;
	step(&steps, "whole", "image found whole");
	return 0;
}

static int write_pidfile(const char *path, pid_t pid, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || dprintf(fd, "%d\n", pid) < 0)
		return err_sys(err, "cannot write %s", path);
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
	    write_pidfile(restore->options->pidfile, job->pid, err) < 0)
		return -1;
	job->foreground = foreground_of(restore);
	if ((!restore->options->detach || restore->own_terminal) &&
	    foreground_take(restore, job, err) < 0)
		return -1;
	if (job_commit(job, err) < 0)
		return -1;
	unix_names_commit(restore);
	tty_set_devices(restore);
	for (size_t i = 0; i < restore->n_canvases; i++)
		canvas_release(&restore->canvases[i]);
	restore->n_canvases = 0;
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

	if ((!restore->options->detach || restore->own_terminal) && foreground_prepare(err) < 0)
		return -1;
	if (restore->own_terminal)
		forked = keeper_fork(restore, &keeper, err);
	if (forked)
		return forked < 0 ? -1 : attach_first(restore->options, &keeper, err);
	if (build(restore, reader, mode, &job, err) < 0) {
		/* Before init, whose end waits for all that is in its namespace and traced by us. */
		kill_canvases(restore);
		return -1;
	}
	print_late(restore, printed);
	if (commit(restore, &job, &keeper, err) < 0) {
		tty_undo(restore);
		kill_canvases(restore);
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
