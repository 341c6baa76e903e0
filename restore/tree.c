/* SPDX-License-Identifier: MIT */
#include "restore/tree.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"
#include "restore/birth.h"
#include "restore/controlling.h"
#include "restore/extra.h"
#include "restore/memory.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

struct canvas *tree_canvas(const struct restore *restore, uint32_t own_pid)
{
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (restore->canvases[i].own_pid == own_pid)
			return &restore->canvases[i];
	return NULL;
}

static const struct process *process_of(const struct restore *restore, uint32_t pid)
{
	return IMAGE_GET(&restore->image, process, pid, 0);
}

/* When, seen from the parent that it has in the image. */
enum birth {
	BORN_EARLY,  /* before that parent made the session that it leads */
	BORN_LATE,   /* in the session that the parent is in */
	BORN_ORPHAN, /* of another one, that has ended, in whose session it is */
};

/* A child is in the session that its parent is in when it is born, until it makes its own. */
static enum birth birth_of(const struct restore *restore, const struct process *process)
{
	const struct process *parent = process_of(restore, process->parent);
	const struct process *grandparent = process_of(restore, parent->parent);

	if (process->session == process->pid || process->session == parent->session)
		return BORN_LATE;
	if (parent->session == parent->pid && grandparent &&
	    process->session == grandparent->session)
		return BORN_EARLY;
	return BORN_ORPHAN;
}

/* A helper must be able to stand for the one that it was born of. */
static bool can_be_adopted(const struct restore *restore, const struct process *orphan)
{
	/* A living leader would have to bear it and end. */
	if (process_of(restore, orphan->session))
		return false;
	IMAGE_EACH (&restore->image, process, process) {
		for (size_t i = 0; i < process->n_zombies; i++)
			if (process->zombies[i].pid == orphan->session &&
			    process->pid != orphan->parent)
				return false;
		if (process != orphan && process->session == orphan->session &&
		    process->parent != orphan->parent && birth_of(restore, process) == BORN_ORPHAN)
			return false;
	}
	return true;
}

static unsigned users_of(const struct image *image, uint32_t contents)
{
	unsigned users = 0;

	IMAGE_EACH (image, memory, memory) {
		bool uses = false;

		for (size_t i = 0; i < memory->n_vmas; i++)
			uses |= memory->vmas[i].kind == VMA_SHM &&
				memory->vmas[i].contents == contents;
		users += uses;
	}
	return users;
}

bool tree_shares(const struct restore *restore, const struct shm *shm)
{
	return shm->kind == SHM_ANONYMOUS && users_of(&restore->image, shm->id) > 1;
}

static void check_shared_memory(struct restore *restore)
{
	IMAGE_EACH (&restore->image, shm, shm) {
		char object[24];

		if (!tree_shares(restore, shm))
			continue;
		snprintf(object, sizeof(object), "shm %u", shm->id);
		problems_add(&restore->problems,
			     shm->huge_page_size ? VERDICT_BLOCKING : VERDICT_APPROXIMATED, object,
			     "anonymous memory that processes share comes back as a memfd");
	}
}

int tree_check(struct restore *restore, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);

	(void)err;
	check_shared_memory(restore);
	IMAGE_EACH (&restore->image, process, process) {
		const struct process *parent = process_of(restore, process->parent);
		char object[24];

		snprintf(object, sizeof(object), "pid %u", process->pid);
		if (process->pid == pimage->root)
			continue;
		if (!parent)
			problems_add(&restore->problems, VERDICT_BLOCKING, object,
				     "its parent %u is not in the image", process->parent);
		else if (birth_of(restore, process) == BORN_ORPHAN &&
			 !can_be_adopted(restore, process))
			problems_add(&restore->problems, VERDICT_BLOCKING, object,
				     "its session %u is not one that it could be born into again",
				     process->session);
	}
	return 0;
}

/* Its address space as soon as it is there: what is born of it may get pages from it. */
static int build(struct restore *restore, struct canvas *canvas, struct err *err)
{
	if (memory_map(restore, canvas, err) < 0)
		return err_prefix(err, "%s: memory", canvas->name);
	return 0;
}

static int make_child(struct restore *restore, struct canvas *parent, const struct process *process,
		      struct err *err)
{
	struct canvas *canvas = &restore->canvases[restore->n_canvases];

	*canvas = (struct canvas){ .own_pid = process->pid, .frozen = FROZEN_EMPTY };
	snprintf(canvas->name, sizeof(canvas->name), "pid %u", process->pid);
	if (birth_clone(parent, restore->keep ? process->pid : 0, END_TOLD, canvas, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	restore->n_canvases++;
	if (birth_execute(restore, canvas, process, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return build(restore, canvas, err);
}

/* Makes the session that it leads, after those who were born before. */
static int settle(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	const struct process *process = process_of(restore, canvas->own_pid);

	if (canvas->settled || process->session != process->pid)
		return 0;
	for (size_t i = 1; i < pimage->n_pids; i++) {
		const struct process *child = process_of(restore, pimage->pids[i]);

		if (child->parent == process->pid && !tree_canvas(restore, child->pid) &&
		    birth_of(restore, child) == BORN_EARLY &&
		    make_child(restore, canvas, child, err) < 0)
			return -1;
	}
	canvas->settled = true;
	if (CANVAS_CALL(canvas, err, setsid, 0) < 0)
		return -1;
	return controlling_take(restore, canvas, err);
}

/* It lives on until all groups are made: a group may be its own. */
static int make_zombie(struct restore *restore, struct canvas *canvas, const struct zombie *zombie,
		       struct err *err)
{
	struct extra *extra;

	if (extra_make(restore, canvas, zombie->pid, zombie, &extra, err) < 0)
		return -1;
	if (zombie->session != zombie->pid)
		return 0;
	return CANVAS_CALL(&extra->canvas, err, setsid, 0) < 0 ? -1 : 0;
}

/* What comes of a process when all others are born. */
static int make_rest(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct process *process = process_of(restore, canvas->own_pid);

	if (settle(restore, canvas, err) < 0)
		return -1;
	for (size_t i = 0; i < process->n_zombies; i++)
		if (!extra_find(restore, process->zombies[i].pid) &&
		    make_zombie(restore, canvas, &process->zombies[i], err) < 0)
			return -1;
	return 0;
}

/* Whose session has lost its leader: a helper makes the session and bears them, and when it ends they are the parent's. */
static int make_orphan(struct restore *restore, struct canvas *parent,
		       const struct process *process, struct err *err)
{
	struct extra *leader = extra_find(restore, process->session);

	if (!leader && (extra_make(restore, parent, process->session, NULL, &leader, err) < 0 ||
			CANVAS_CALL(&leader->canvas, err, setsid, 0) < 0))
		return -1;
	return make_child(restore, &leader->canvas, process, err);
}

static int make_process(struct restore *restore, const struct process *process, struct err *err)
{
	struct canvas *parent = tree_canvas(restore, process->parent);
	enum birth birth;

	if (tree_canvas(restore, process->pid))
		return 0;
	if (!parent)
		return err_set(err, ERR_IMAGE, "process %u is listed before its parent %u",
			       process->pid, process->parent);
	birth = birth_of(restore, process);
	if (birth == BORN_ORPHAN) {
		const struct process *bearer = process_of(restore, process->parent);

		for (size_t i = 0; i < bearer->n_zombies; i++)
			if (bearer->zombies[i].pid == process->session &&
			    !extra_find(restore, process->session) &&
			    make_zombie(restore, parent, &bearer->zombies[i], err) < 0)
				return -1;
		return make_orphan(restore, parent, process, err);
	}
	if (birth == BORN_LATE && settle(restore, parent, err) < 0)
		return -1;
	return make_child(restore, parent, process, err);
}

/* A group whose leader has ended gets one for a while, of the session that it is in. */
static int make_group_leader(struct restore *restore, struct canvas *member, struct err *err)
{
	uint32_t group = process_of(restore, member->own_pid)->group;
	struct extra *extra;

	if (tree_canvas(restore, group) || extra_find(restore, group) ||
	    group == process_of(restore, restore->canvases[0].own_pid)->group)
		return 0;
	return extra_make(restore, member, group, NULL, &extra, err);
}

int tree_make(struct restore *restore, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	struct canvas *root = &restore->canvases[0];
	int64_t present;

	if (remote_open(&root->frozen, canvas_leader(root), NULL, &root->remote, err) < 0)
		return -1;
	present = CANVAS_CALL(root, err, getpid, 0);
	if (present < 0)
		return -1;
	root->present = (uint32_t)present;
	root->settled = true;
	if (build(restore, root, err) < 0 || controlling_take(restore, root, err) < 0)
		return -1;
	/* In the order in which they were found: under new numbers, too, those who came first have the lower ones. */
	for (size_t i = 1; i < pimage->n_pids; i++)
		if (make_process(restore, process_of(restore, pimage->pids[i]), err) < 0)
			return -1;
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (make_rest(restore, &restore->canvases[i], err) < 0)
			return -1;
	for (size_t i = 1; i < restore->n_canvases; i++)
		if (make_group_leader(restore, &restore->canvases[i], err) < 0)
			return -1;
	return 0;
}

/* The number that a group has now: its leader's, or the root's for the one that the root was in. */
static uint32_t group_now(const struct restore *restore, uint32_t group)
{
	const struct canvas *canvas = tree_canvas(restore, group);
	const struct extra *extra = extra_find(restore, group);

	return canvas  ? canvas->present
	       : extra ? extra->canvas.present
		       : restore->canvases[0].present;
}

static bool is_group(const struct restore *restore, uint32_t number)
{
	IMAGE_EACH (&restore->image, process, process) {
		if (process->group == number)
			return true;
		for (size_t i = 0; i < process->n_zombies; i++)
			if (process->zombies[i].group == number)
				return true;
	}
	return false;
}

/* Leaders first: a group can be joined only once it is there. One that has left its group since has to make it all the same. */
static int lead_groups(struct restore *restore, struct err *err)
{
	for (size_t i = 1; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct process *process = process_of(restore, canvas->own_pid);

		if (process->session != process->pid && is_group(restore, process->pid) &&
		    CANVAS_CALL(canvas, err, setpgid, 0, 0) < 0)
			return -1;
	}
	for (size_t i = 0; i < restore->n_extras; i++) {
		struct canvas *canvas = &restore->extras[i]->canvas;
		int64_t session = CANVAS_CALL(canvas, err, getsid, 0);

		if (session < 0 ||
		    (session != canvas->present && is_group(restore, canvas->own_pid) &&
		     CANVAS_CALL(canvas, err, setpgid, 0, 0) < 0))
			return -1;
	}
	return 0;
}

static int join_groups(struct restore *restore, struct err *err)
{
	for (size_t i = 1; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct process *process = process_of(restore, canvas->own_pid);

		if (process->group != process->pid && process->session != process->pid &&
		    CANVAS_CALL(canvas, err, setpgid, 0, group_now(restore, process->group)) < 0)
			return -1;
	}
	for (size_t i = 0; i < restore->n_extras; i++) {
		struct extra *extra = restore->extras[i];
		const struct zombie *zombie = extra->zombie;

		if (zombie && zombie->group != zombie->pid && zombie->session != zombie->pid &&
		    CANVAS_CALL(&extra->canvas, err, setpgid, 0,
				group_now(restore, zombie->group)) < 0)
			return -1;
	}
	return 0;
}

/* Whom orphans come to is a subreaper for as long as it takes; its own setting comes later. */
static int set_adopters(struct restore *restore, bool on, struct err *err)
{
	for (size_t i = 1; i < restore->n_canvases; i++) {
		const struct process *process = process_of(restore, restore->canvases[i].own_pid);

		if (birth_of(restore, process) == BORN_ORPHAN &&
		    CANVAS_CALL(tree_canvas(restore, process->parent), err, prctl,
				PR_SET_CHILD_SUBREAPER, on) < 0)
			return -1;
	}
	return 0;
}

int tree_finish(struct restore *restore, struct err *err)
{
	if (lead_groups(restore, err) < 0 || join_groups(restore, err) < 0 ||
	    controlling_foreground(restore, err) < 0 ||
	    set_adopters(restore, true, err) < 0 || extras_end(restore, err) < 0)
		return -1;
	return set_adopters(restore, false, err);
}
