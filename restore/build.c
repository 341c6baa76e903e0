/* SPDX-License-Identifier: MIT */
#include "restore/build.h"

#include "cli/steps.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"
#include "kernel/one_cpu.h"
#include "restore/canvas.h"
#include "restore/extra.h"
#include "restore/fill.h"
#include "restore/fill_previous.h"
#include "restore/fill_same.h"
#include "restore/lazy.h"
#include "restore/memory.h"
#include "restore/own_terminal.h"
#include "restore/pty.h"
#include "restore/shm.h"
#include "restore/spawn.h"
#include "restore/template.h"
#include "restore/thread.h"
#include "restore/thread_ids.h"
#include "restore/tree.h"
#include "restore/unix_work.h"
#include "restore/verify.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

void build_kill(struct restore *restore)
{
	extras_drop(restore);
	for (size_t i = 0; i < restore->n_canvases; i++)
		canvas_kill(&restore->canvases[i]);
	restore->n_canvases = 0;
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

static int prepare_canvases(struct restore *restore, enum pids_mode mode, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);

	/* Room for all at once: remotes point to the frozen process of their canvas. */
	restore->canvases = calloc(pimage->n_pids, sizeof(*restore->canvases));
	if (!restore->canvases)
		return err_sys(err, "out of memory");
	restore->keep = mode != PIDS_NEW;
	restore->root_leads = restore->options->detach;
	return 0;
}

static int build_root(struct restore *restore, enum pids_mode mode, struct job *job,
		      struct canvas *canvas, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);

	if (restore->template)
		return template_bear(restore->template, restore, job, canvas, err);
	if (spawn(restore, mode, pimage->root, job, canvas, err) < 0)
		return -1;
	return frozen_adopt(canvas->pid, restore->features, &canvas->frozen, err);
}

static int build_tree(struct restore *restore, enum pids_mode mode, struct job *job,
		      struct err *err)
{
	struct canvas *canvas;

	if (prepare_canvases(restore, mode, err) < 0)
		return -1;
	if (restore->own_terminal)
		own_terminal_hand_over(restore);
	canvas = &restore->canvases[restore->n_canvases++];
	*canvas = (struct canvas){ .frozen = FROZEN_EMPTY };
	if (build_root(restore, mode, job, canvas, err) < 0)
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

/* Threads that are to be born would each inherit it. prestore itself goes on waiting for them one by one. */
static int spread_processes(struct restore *restore, struct err *err)
{
	bool held = restore->one_cpu && restore->one_cpu->held;
	struct sched_facts own;

	restore_spread(restore);
	if (sched_facts(0, &own, err) < 0)
		return -1;
	restore->cpus = own.affinity;
	if (held)
		one_cpu_hold(restore->one_cpu);
	return 0;
}

/* What comes after the pages, phase by phase; see enum phase for why in this order. */
static int build_state(struct restore *restore, enum pids_mode mode, struct err *err)
{
	if (unix_fill_by_processes(restore, err) < 0 ||
	    restore_apply(restore, PHASE_OPEN, err) < 0 ||
	    restore_apply(restore, PHASE_STATE, err) < 0 || tree_finish(restore, err) < 0 ||
	    spread_processes(restore, err) < 0 || make_threads(restore, mode, err) < 0 ||
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

int build_objects(struct restore *restore, struct fill *fill, struct err *err)
{
	raise_descriptor_limit();
	if (restore_make_objects(restore, err) < 0 || fill_kind(fill, restore, KIND_shm, err) < 0 ||
	    fill_previous_objects(restore, err) < 0 || make_executable(restore, err) < 0 ||
	    restore_make_files(restore, err) < 0 || unix_fill(restore, err) < 0)
		return -1;
	return lazy_make(restore, err);
}

int build_processes(struct restore *restore, struct fill *fill, enum pids_mode mode,
		    struct job *job, struct err *err)
{
	restore->fill = fill;
	if (build_tree(restore, mode, job, err) < 0)
		return -1;
	step(fill->steps, "processes", "processes started and their address spaces laid out");
	if (fill_kind(fill, restore, KIND_memory, err) < 0 || fill_same_all(restore, err) < 0 ||
	    finish_memory(restore, err) < 0 || shm_finish(restore, err) < 0 ||
	    lazy_start(restore, fill->reader, err) < 0)
		return -1;
	step(fill->steps, "memory",
	     restore->lazy.on ? "small parts of memory filled" : "memory filled");
	if (build_state(restore, mode, err) < 0)
		return -1;
	restore->fill = NULL;
	step(fill->steps, "state", "descriptors, threads, signals and timers set");
	return 0;
}

int build_finish(struct restore *restore, struct err *err)
{
	if (finish_threads(restore, err) < 0 || ptys_finish(restore, err) < 0)
		return -1;
	/* The processes have theirs by now; a pipe looks as if it ended here else. */
	restore_close_files(restore);
	return restore->options->verify ? verify(restore, err) : 0;
}
