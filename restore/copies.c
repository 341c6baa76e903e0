/* SPDX-License-Identifier: MIT */
#include "restore/copies.h"

#include "cli/steps.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/pimage.h"
#include "restore/build.h"
#include "restore/canvas.h"
#include "restore/fill.h"
#include "restore/namespace.h"
#include "restore/pidfile.h"
#include "restore/run.h"
#include "restore/spawn.h"
#include "restore/stopped.h"
#include "restore/template.h"
#include "restore/tty.h"
#include "restore/unix_names.h"

#include <string.h>

struct copy {
	struct restore own;	 /* of all but the first; shares its image */
	struct restore *restore; /* .own, or what was planned with */
	struct job job;
	struct fill fill;
	size_t told; /* problems that the plan has told of */
};

struct copies {
	struct copy *list;
	size_t n;
	struct template template;
	struct steps steps;
	struct steps quiet; /* of one copy */
};

/* All of them before the end of an init process is waited for; and then everything else. */
static void copies_done(struct copies *copies)
{
	for (size_t i = 0; i < copies->n; i++)
		build_kill(copies->list[i].restore);
	template_done(&copies->template);
	for (size_t i = 0; i < copies->n; i++) {
		struct copy *copy = &copies->list[i];

		job_done(&copy->job);
		fill_done(&copy->fill);
		if (copy->restore != &copy->own)
			continue;
		copy->own.image = (struct image){ 0 };
		restore_done(&copy->own);
	}
	free(copies->list);
}

/* Each has its own view of what every descriptor, socket and process becomes; what there is to tell was told of the first. */
static int plan_copy(const struct restore *first, struct copy *copy, struct err *err)
{
	struct restore *restore = &copy->own;

	*restore = (struct restore){ .options = first->options,
				     .features = first->features,
				     .image = first->image };
	if (run_check(restore, err) < 0 || problems_refuse(&restore->problems, ERR_HOST, err) < 0)
		return -1;
	problems_done(&restore->problems);
	return 0;
}

static int plan(struct copies *copies, struct restore *first, struct err *err)
{
	size_t n = (size_t)first->options->copies;

	copies->list = calloc(n, sizeof(*copies->list));
	if (!copies->list)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct copy *copy = &copies->list[i];

		copy->job = (struct job)JOB_EMPTY;
		copy->restore = i ? &copy->own : first;
		copies->n++;
		if (i && plan_copy(first, copy, err) < 0)
			return -1;
		copy->restore->copy = (unsigned)i + 1;
		copy->told = copy->restore->problems.n_notes;
	}
	return 0;
}

/* What the template is to inherit for all of them. */
static int prepare(struct copies *copies, struct copy *copy, struct image_reader *reader,
		   enum pids_mode mode, struct err *err)
{
	struct restore *restore = copy->restore;
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);

	copy->fill.steps = &copies->quiet;
	if (fill_start(&copy->fill, reader, &restore->image, err) < 0 ||
	    build_objects(restore, &copy->fill, err) < 0)
		return -1;
	if (mode != PIDS_NAMESPACE)
		return 0;
	return namespace_prepare(pimage->root, true, restore->base, &copy->job, err);
}

static int build_one(struct copies *copies, struct copy *copy, enum pids_mode mode, struct err *err)
{
	struct restore *restore = copy->restore;

	restore->template = &copies->template;
	fill_came(&copy->fill, &copies->template.fill,
		  IMAGE_GET(&restore->image, pimage, 0, 0)->root);
	return build_processes(restore, &copy->fill, mode, &copy->job, err);
}

static int where(const struct copies *copies, size_t i, struct err *err)
{
	return err_prefix(err, "copy %zu of %zu", i + 1, copies->n);
}

static int build(struct copies *copies, struct image_reader *reader, enum pids_mode mode,
		 struct err *err)
{
	for (size_t i = 0; i < copies->n; i++)
		if (prepare(copies, &copies->list[i], reader, mode, err) < 0)
			return where(copies, i, err);
	step(&copies->steps, "objects", "files and shared objects made");
	if (template_make(copies->list[0].restore, reader, mode, &copies->steps, &copies->template,
			  err) < 0)
		return -1;
	for (size_t i = 0; i < copies->n; i++)
		if (build_one(copies, &copies->list[i], mode, err) < 0)
			return where(copies, i, err);
	step(&copies->steps, "state", "all copies made and their state set");
	if (image_reader_finish(reader, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < copies->n; i++)
		if (build_finish(copies->list[i].restore, err) < 0)
			return where(copies, i, err);
	template_done(&copies->template);
	step(&copies->steps, "whole", "image found whole");
	return 0;
}

static int write_pids(const struct copies *copies, const char *path, struct err *err)
{
	_cleanup_free_ pid_t *pids = calloc(copies->n, sizeof(*pids));

	if (!pids)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < copies->n; i++)
		pids[i] = copies->list[i].job.pid;
	return pidfile_write(path, pids, copies->n, err);
}

/* What can fail, for all of them. */
static int commit_jobs(struct copies *copies, const struct restore_options *options,
		       struct err *err)
{
	size_t i;

	for (i = 0; i < copies->n; i++)
		if (stopped_commit(copies->list[i].restore, err) < 0)
			return where(copies, i, err);
	if (options->pidfile && write_pids(copies, options->pidfile, err) < 0)
		return -1;
	for (i = 0; i < copies->n; i++)
		if (job_commit(&copies->list[i].job, err) < 0)
			break;
	if (i == copies->n)
		return 0;
	pidfile_remove(options->pidfile);
	/* An init that was told to stay ends with its processes, and that is to be waited for. */
	for (size_t k = 0; k < i; k++)
		copies->list[k].job.committed = false;
	return where(copies, i, err);
}

static void let_go(struct copies *copies)
{
	for (size_t i = 0; i < copies->n; i++) {
		struct restore *restore = copies->list[i].restore;

		unix_names_commit(restore);
		tty_set_devices(restore);
		for (size_t k = 0; k < restore->n_canvases; k++)
			canvas_release(&restore->canvases[k]);
		restore->n_canvases = 0;
	}
}

static bool is_among(const struct problems *problems, const struct note *note)
{
	for (size_t i = 0; i < problems->n_notes; i++)
		if (problems->notes[i].verdict == note->verdict &&
		    strcmp(problems->notes[i].object, note->object) == 0 &&
		    strcmp(problems->notes[i].what, note->what) == 0)
			return true;
	return false;
}

/* What only turned up when things were made: once where it is the same for all. */
static void print_late(const struct copies *copies)
{
	_cleanup_(problems_done) struct problems late = { 0 };

	for (size_t i = 0; i < copies->n; i++) {
		const struct copy *copy = &copies->list[i];
		const struct problems *problems = &copy->restore->problems;

		for (size_t k = copy->told; k < problems->n_notes; k++) {
			const struct note *note = &problems->notes[k];

			if (!is_among(&late, note))
				problems_add(&late, note->verdict, note->object, "%s", note->what);
		}
	}
	if (late.n_notes)
		problems_print(&late, stderr);
}

int copies_restore(struct restore *first, struct image_reader *reader, enum pids_mode mode,
		   struct err *err)
{
	const struct restore_options *options = first->options;
	_cleanup_(copies_done) struct copies copies = {
		.steps = steps_start("prestore", options->verbose, options->progress_fd),
		.quiet = steps_start("prestore", false, NO_PROGRESS_FD),
	};

	if (plan(&copies, first, err) < 0 || build(&copies, reader, mode, err) < 0)
		return -1;
	if (!options->quiet)
		print_late(&copies);
	if (commit_jobs(&copies, options, err) < 0)
		return -1;
	let_go(&copies);
	for (size_t i = 0; i < copies.n && !options->quiet; i++)
		fprintf(stderr, "pid %d\n", copies.list[i].job.pid);
	return 0;
}
