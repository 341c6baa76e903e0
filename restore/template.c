/* SPDX-License-Identifier: MIT */
#include "restore/template.h"

#include "cli/steps.h"
#include "format/err.h"
#include "format/pimage.h"
#include "format/process.h"
#include "restore/birth.h"
#include "restore/extra.h"
#include "restore/fill_previous.h"
#include "restore/memory.h"
#include "restore/namespace.h"
#include "restore/spawn.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static uint32_t root_of(const struct restore *restore)
{
	return IMAGE_GET(&restore->image, pimage, 0, 0)->root;
}

static int lay_out(struct template *template, struct err *err)
{
	struct restore *restore = &template->restore;
	struct canvas *canvas = &template->canvas;

	if (spawn_template(restore, root_of(restore), canvas, err) < 0 ||
	    frozen_adopt(canvas->pid, restore->features, &canvas->frozen, err) < 0)
		return -1;
	canvas->is_template = true;
	canvas->frozen.memory.keep_shared = true;
	if (remote_open(&canvas->frozen, canvas_leader(canvas), NULL, &canvas->remote, err) < 0)
		return -1;
	return memory_map(restore, canvas, err);
}

static int fill(struct template *template, struct err *err)
{
	struct restore *restore = &template->restore;
	struct canvas *canvas = &template->canvas;

	if (fill_previous(restore, canvas, err) < 0 ||
	    fill_process(&template->fill, restore, canvas->own_pid, err) < 0)
		return -1;
	return memory_blank(canvas, IMAGE_GET(&restore->image, memory, canvas->own_pid, 0), err);
}

int template_make(struct restore *restore, struct image_reader *reader, enum pids_mode mode,
		  struct steps *steps, struct template *ret_template, struct err *err)
{
	struct template *template = ret_template;

	*template = (struct template){ .restore = *restore, .fill = { .steps = steps } };
	template->canvas = (struct canvas){ .frozen = FROZEN_EMPTY };
	template->restore.canvases = &template->canvas;
	template->restore.n_canvases = 1;
	template->restore.keep = mode != PIDS_NEW;
	template->restore.root_leads = true;
	if (fill_start(&template->fill, reader, &restore->image, err) < 0)
		return -1;
	if (lay_out(template, err) < 0)
		return err_prefix(err, "template");
	step(steps, "processes", "the template of all copies laid out");
	if (fill(template, err) < 0)
		return err_prefix(err, "template");
	step(steps, "memory", "memory filled, once for all copies");
	return 0;
}

/* Processes in between, which share the memory of the template, so that it is copied for the root alone. */
struct helpers {
	struct canvas outer; /* in prestore's pid namespace */
	struct canvas inner; /* in that of the copy */
};

/* Returns the one that the root is to be cloned of, or NULL. */
static struct canvas *make_helpers(struct template *template, const struct restore *restore,
				   const struct job *job, struct helpers *helpers, struct err *err)
{
	uint32_t root = root_of(restore);
	const struct process *process = IMAGE_GET(&restore->image, process, root, 0);

	if (birth_clone(&template->canvas, 0, CLONE_VM, END_UNTOLD, &helpers->outer, err) < 0)
		return NULL;
	if (job->init_fd < 0)
		return &helpers->outer;
	/* Only a member of the namespace leaves its children to the init of that. */
	if (namespace_enter(&helpers->outer, job, process->credentials.capabilities.bounding, err) <
		    0 ||
	    extra_unnumbered(restore, &helpers->outer, CLONE_VM, &helpers->inner, err) < 0)
		return NULL;
	return &helpers->inner;
}

/* Killed and reaped: nobody is to find what is left of them. */
static int end(struct canvas *helper, struct canvas *parent, struct err *err)
{
	uint32_t present = helper->present;

	helper->present = 0;
	canvas_kill(helper);
	if (!present)
		return 0;
	return CANVAS_CALL(parent, err, wait4, present, 0, __WALL, 0) < 0 ? -1 : 0;
}

/*
 * Each by its parent, also after a failure: else they would be left to whoever has orphans here, and as long as nobody collects them the init
 * of their namespace does not end (zap_pid_ns_processes), for which prestore waits.
 */
static int end_all(struct helpers *helpers, struct template *template, struct err *err)
{
	int ret = end(&helpers->inner, &helpers->outer, err);

	return end(&helpers->outer, &template->canvas, ret < 0 ? NULL : err) < 0 ? -1 : ret;
}

static int make_root(struct template *template, const struct restore *restore,
		     const struct job *job, struct helpers *helpers, struct canvas *root,
		     struct err *err)
{
	struct canvas *bearer = make_helpers(template, restore, job, helpers, err);

	if (!bearer ||
	    birth_clone(bearer, restore->keep ? root->own_pid : 0, 0, END_TOLD, root, err) < 0)
		return -1;
	root->template = &template->canvas;
	if (end_all(helpers, template, err) < 0)
		return -1;
	return CANVAS_CALL(root, err, setsid, 0) < 0 ? -1 : 0;
}

int template_bear(struct template *template, const struct restore *restore, struct job *job,
		  struct canvas *ret_canvas, struct err *err)
{
	static const struct canvas helper = { .name = "helper", .frozen = FROZEN_EMPTY };
	struct helpers helpers = { helper, helper };
	int ret;

	*ret_canvas = (struct canvas){ .own_pid = root_of(restore), .frozen = FROZEN_EMPTY };
	snprintf(ret_canvas->name, sizeof(ret_canvas->name), "pid %u", ret_canvas->own_pid);
	ret = make_root(template, restore, job, &helpers, ret_canvas, err);
	end_all(&helpers, template, NULL);
	job->pid = ret_canvas->pid;
	return ret;
}

void template_done(struct template *template)
{
	if (template->canvas.own_pid)
		canvas_kill(&template->canvas);
	fill_done(&template->fill);
	*template = (struct template){ 0 };
}
