/* SPDX-License-Identifier: MIT */
#include "restore/verify.h"

#include "dump/dump.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/external.h"
#include "format/file.h"
#include "format/image_previous.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/thread.h"
#include "restore/canvas.h"
#include "restore/tree.h"
#include "restore/vdso.h"

#include <string.h>

struct differences {
	char text[800];
	size_t length;
	unsigned n;
	const char *entry;
};

static void differ(void *context, const char *path, const char *a, const char *b)
{
	struct differences *d = context;
	int n;

	d->n++;
	n = snprintf(d->text + d->length, sizeof(d->text) - d->length, "%s%s: %s: %s became %s",
		     d->length ? "; " : "", d->entry, path, a, b);
	if (n > 0)
		d->length += (size_t)n < sizeof(d->text) - d->length ? (size_t)n : 0;
}

/* Objects are numbered in the order they are met, which is the same both times; processes and threads by the ids that they have now. */
static struct key key_now(const struct restore *restore, enum kind kind, struct key key)
{
	const struct canvas *canvas;
	const struct made_thread *thread;

	if (kind != KIND_thread && (kind < KIND_process || kind > KIND_timers))
		return key;
	canvas = tree_canvas(restore, key.first);
	thread = canvas && kind == KIND_thread ? canvas_thread(canvas, key.second) : NULL;
	return (struct key){ canvas ? canvas->present : 0, thread ? thread->own : 0 };
}

/* Who was not bound may be now, as prestore is; and what was some CPUs of many can be all that there are. */
static bool same_cpus(const struct restore *restore, const struct scheduling *saved,
		      const struct scheduling *found, const char *unbound)
{
	const char *want = saved->affinity ? saved->affinity : restore->cpus;
	const char *have = found->affinity ? found->affinity : unbound;

	return have && strcmp(want, have) == 0;
}

/*
 * What a thread of the image goes on with here: a call that has come to an end when it was entered (restore/system_call.h) is no call in
 * progress any more. The record itself stays, since other copies enter the call, too.
 */
struct decided {
	struct thread thread;
	struct arch_regs regs;
};

static const void *decided(const struct restore *restore, const struct object *object,
			   const struct thread *found, const char *unbound, struct decided *decided)
{
	const struct thread *saved = object->record;
	const struct canvas *canvas;
	const struct arch_regs *now;

	decided->thread = *saved;
	if (same_cpus(restore, &saved->scheduling, &found->scheduling, unbound))
		decided->thread.scheduling.affinity = found->scheduling.affinity;
	if (!saved->system_call)
		return &decided->thread;
	canvas = tree_canvas(restore, object->key.first);
	now = &frozen_find(&canvas->frozen, canvas_thread(canvas, saved->tid)->tid)->regs;
	memcpy(&decided->regs, saved->registers.state, sizeof(decided->regs));
	decided->thread.registers.state = &decided->regs;
	arch_regs_set_result(&decided->regs, arch_regs_result(now));
	if (arch_regs_syscall(now) < 0) {
		arch_regs_no_syscall(&decided->regs);
		decided->thread.system_call = NULL;
	}
	return &decided->thread;
}

static int compare_kind(const struct restore *restore, const struct dump *dump, enum kind kind,
			struct differences *differences, struct err *err)
{
	const struct image *a = &restore->image, *b = &dump->image;
	const struct objects *x = &a->kinds[kind], *y = &b->kinds[kind];
	struct decided thread;
	const void *found, *want;
	char path[64];

	if (x->n_objects != y->n_objects)
		return err_set(err, ERR_FAILED, "--verify: %zu entries like %s became %zu",
			       x->n_objects, kinds[kind].path, y->n_objects);
	for (size_t i = 0; i < x->n_objects; i++) {
		kind_path(kind, x->objects[i].key, path, sizeof(path));
		differences->entry = path;
		found = image_get(b, kind, key_now(restore, kind, x->objects[i].key));
		if (!found)
			return err_set(err, ERR_FAILED, "--verify: there is no %s any more", path);
		want = kind == KIND_thread
			       ? decided(restore, &x->objects[i], found, dump->unbound, &thread)
			       : x->objects[i].record;
		if (record_diff(kinds[kind].record, want, found, FIELD_VOLATILE | FIELD_INFO,
				differ, differences, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Under another kernel the parts of its vDSO are others, elsewhere, and the saved code is mapped as anonymous memory: that is
 * as it has to be, so none of it is compared.
 */
static void leave_out_vdso(const struct canvas *canvas, struct memory *memory)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory->n_vmas; i++) {
		struct vma *vma = &memory->vmas[i];
		struct vma none = { 0 };

		if (vma->kind != VMA_SPECIAL && !vdso_was_at(canvas, vma)) {
			memory->vmas[kept++] = *vma;
			*vma = kept - 1 == i ? *vma : none;
			continue;
		}
		record_release(&vma_record, vma);
	}
	memory->n_vmas = kept;
}

static void leave_out_vdsos(struct restore *restore, struct dump *dump)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		const struct canvas *canvas = &restore->canvases[i];

		if (!canvas->redirect_vdso)
			continue;
		leave_out_vdso(canvas, IMAGE_GET(&restore->image, memory, canvas->own_pid, 0));
		leave_out_vdso(canvas, IMAGE_GET(&dump->image, memory, canvas->present, 0));
	}
}

static int collect(struct dump *dump, struct canvas *canvas, struct err *err)
{
	struct remote *remote = &canvas->remote;
	struct target *target = LIST_ADD(dump, targets, err);

	if (!target)
		return -1;
	*target = (struct target)TARGET_EMPTY;
	if (target_open(canvas->pid, &canvas->frozen, NULL, dump->features, target, err) < 0 ||
	    remote_open(&canvas->frozen, canvas_leader(canvas), NULL, remote, err) < 0)
		return -1;
	target->remote = remote;
	return 0;
}

/* Where descriptors have become something else, so have the objects behind them, and their numbers. */
static bool is_changed(const struct restore *restore, enum kind kind)
{
	static const enum kind kinds_of_files[] = { KIND_files, KIND_file, KIND_pipe,
						    KIND_unix_socket, KIND_tty };
	bool changed = restore->options->n_fds > 0;

	IMAGE_EACH (&restore->image, file, file)
		changed |= file->type.type == &external_record;
	for (size_t i = 0; changed && i < sizeof(kinds_of_files) / sizeof(*kinds_of_files); i++)
		if (kinds_of_files[i] == kind)
			return true;
	return false;
}

/* Contents are compared with the parent's from here on: the call loop must be gone. */
static int close_remotes(struct restore *restore, struct dump *dump, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < dump->n_targets; i++)
		dump->targets[i].remote = NULL;
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (remote_close(&restore->canvases[i].remote, NULL, ret < 0 ? NULL : err) < 0)
			ret = -1;
	return ret;
}

static int compare(struct restore *restore, struct dump *dump, struct err *err)
{
	struct differences differences = { .entry = "" };
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	_cleanup_free_ pid_t *pids = calloc(pimage->n_pids, sizeof(*pids));
	_cleanup_tree_ struct tree tree = { 0 };

	if (!pids)
		return err_sys(err, "out of memory");
	/* In the order in which they were dumped: objects are numbered as they are met. */
	for (size_t i = 0; i < pimage->n_pids; i++) {
		struct canvas *canvas = tree_canvas(restore, pimage->pids[i]);

		pids[i] = canvas->pid;
		if (collect(dump, canvas, err) < 0)
			return -1;
	}
	if (tree_of(pids, pimage->n_pids, &tree, err) < 0)
		return -1;
	dump->tree = &tree;
	if (dump_collect(dump, err) < 0 || pimage_finish(dump, err) < 0 ||
	    close_remotes(restore, dump, err) < 0 || dump_settle(dump, err) < 0 ||
	    image_own_pages(&restore->image, err) < 0)
		return -1;
	leave_out_vdsos(restore, dump);
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		if (!is_changed(restore, kind) &&
		    compare_kind(restore, dump, kind, &differences, err) < 0)
			return -1;
	if (differences.n)
		return err_set(err, ERR_FAILED, "--verify: %u differences: %s", differences.n,
			       differences.text);
	return 0;
}

int verify(struct restore *restore, struct err *err)
{
	_cleanup_(dump_done) struct dump dump = {
		.settings = { .frozen = true, .externals = true },
		.features = restore->features,
	};
	int ret = compare(restore, &dump, err);

	if (close_remotes(restore, &dump, ret < 0 ? NULL : err) < 0)
		ret = -1;
	return ret;
}
