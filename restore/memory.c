/* SPDX-License-Identifier: MIT */
/* The address space: everything unmapped, every VMA mapped where it was, ready to be filled. */
#include "format/memory.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/pimage.h"
#include "format/process.h"
#include "format/shm.h"
#include "kernel/compat.h"
#include "kernel/maps_file.h"
#include "kernel/readfile.h"
#include "restore/canvas.h"
#include "restore/file_check.h"
#include "restore/gap.h"
#include "restore/inherit.h"
#include "restore/layout.h"
#include "restore/mapping.h"
#include "restore/memory.h"
#include "restore/restore.h"
#include "restore/tree.h"
#include "restore/vdso.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { SCRATCH_SIZE = 256 << 10 };

static bool file_is_shared(const struct memory *memory, uint32_t file)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].kind == VMA_FILE && memory->vmas[i].file == file &&
		    memory->vmas[i].flags & VMA_SHARED)
			return true;
	return false;
}

/* Of a parent and its child one need not say the same. */
static bool checked_for_parent(const struct restore *restore, uint32_t pid,
			       const struct memory *memory, const struct mapped_file *file)
{
	uint32_t parent = IMAGE_GET(&restore->image, process, pid, 0)->parent;
	const struct memory *theirs = IMAGE_GET(&restore->image, memory, parent, 0);

	/* That of the root is outside, whatever its number. */
	if (pid == IMAGE_GET(&restore->image, pimage, 0, 0)->root)
		return false;
	for (size_t i = 0; theirs && i < theirs->n_mapped_files; i++) {
		const struct mapped_file *other = &theirs->mapped_files[i];

		if (file_id_same(&other->file, &file->file))
			return file_is_shared(theirs, other->id) ==
				       file_is_shared(memory, file->id) &&
			       mapping_wants_writable(theirs, other->id) ==
				       mapping_wants_writable(memory, file->id);
	}
	return false;
}

static int memory_check(struct restore *restore, const void *record, struct key key,
			struct err *err)
{
	const struct memory *memory = record;
	char object[24];

	snprintf(object, sizeof(object), "pid %u", key.first);
	for (size_t i = 0; i < memory->n_mapped_files; i++) {
		const struct mapped_file *file = &memory->mapped_files[i];
		int fd;

		if (checked_for_parent(restore, key.first, memory, file))
			continue;
		if (file_check(restore, object, &file->file, file_is_shared(memory, file->id),
			       mapping_wants_writable(memory, file->id), &fd, err) < 0)
			return -1;
		cleanup_close(&fd);
	}
	return 0;
}

static int memory_make(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct memory *memory = record;

	for (size_t i = 0; i < memory->n_vmas; i++)
		if (mapping_make(restore, key.first, memory, &memory->vmas[i], err) < 0)
			return -1;
	return 0;
}

static int read_maps(const struct canvas *canvas, struct maps *ret_maps, struct err *err)
{
	_cleanup_close_ int proc = proc_open(canvas->pid, err);

	return proc < 0 ? -1 : maps_read_at(proc, "maps", ret_maps, err);
}

/* The VMAs of all processes as if they were of one. Free its vmas. */
static int gather(const struct image *image, struct memory *ret, struct err *err)
{
	struct memory all = { 0 };

	IMAGE_EACH (image, memory, memory)
		all.n_vmas += memory->n_vmas;
	all.vmas = calloc(all.n_vmas + 1, sizeof(*all.vmas));
	if (!all.vmas)
		return err_sys(err, "out of memory");
	all.n_vmas = 0;
	IMAGE_EACH (image, memory, memory) {
		memcpy(&all.vmas[all.n_vmas], memory->vmas, memory->n_vmas * sizeof(*all.vmas));
		all.n_vmas += memory->n_vmas;
	}
	*ret = all;
	return 0;
}

/* Whether others may stay copies of it, who have its call loop and scratch memory where it has them. */
static bool may_be_copied(const struct restore *restore, const struct canvas *canvas)
{
	const struct lineage *lineage = &restore->lineage;

	for (size_t i = 0; i < lineage->n_nodes; i++)
		if (lineage->nodes[i].kind == NODE_PROCESS &&
		    lineage->nodes[i].shares & CLONE_FILES)
			return true;
	return tree_gives_pages(restore, canvas->own_pid);
}

/*
 * Call loop and scratch memory go where neither the old nor the new address space has anything, nor has any of those that
 * will be cloned with them.
 */
static int step_aside(const struct restore *restore, struct canvas *canvas,
		      const struct memory *memory, struct err *err)
{
	_cleanup_(maps_release) struct maps maps = { 0 };
	_cleanup_free_ struct vma *vmas = NULL;
	struct memory all;

	if (canvas->remote.moved) {
		canvas->scratch =
			(struct range){ canvas->remote.moved,
					canvas->remote.moved + canvas->remote.moved_size };
		return 0;
	}
	if (may_be_copied(restore, canvas)) {
		if (gather(&restore->image, &all, err) < 0)
			return -1;
		vmas = all.vmas;
		memory = &all;
	}
	if (read_maps(canvas, &maps, err) < 0 || gap_find(&maps, memory, (struct range){ 0, 0 },
							  SCRATCH_SIZE, &canvas->scratch, err) < 0)
		return -1;
	return remote_move(&canvas->remote, canvas_leader(canvas), canvas->scratch.start,
			   SCRATCH_SIZE, err);
}

static bool stays(const struct canvas *canvas, const struct map *map)
{
	return map->kind >= MAP_KIND_VDSO ||
	       range_overlaps((struct range){ map->start, map->end }, canvas->scratch);
}

/* Collects what lies between the parts that stay, so that it goes by one call. */
struct clearing {
	struct remote_batch *batch;
	struct range range;
};

static void clear(struct clearing *clearing, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	if (!clearing->range.end)
		clearing->range.start = start;
	clearing->range.end = end;
}

static void clear_until_here(struct clearing *clearing)
{
	const struct range *range = &clearing->range;

	if (range->end)
		remote_push(clearing->batch,
			    REMOTE_CALL(munmap, range->start, range->end - range->start));
	clearing->range = (struct range){ 0 };
}

static void unmap_all(struct canvas *canvas, const struct maps *maps, const struct kept *kept,
		      size_t n_kept)
{
	struct clearing clearing = { .batch = canvas_later(canvas) };
	size_t k = 0;

	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];
		uint64_t at = map->start;

		for (; k < n_kept && kept[k].range.start < map->end; k++) {
			if (!kept[k].range.end)
				continue;
			clear(&clearing, at, kept[k].range.start);
			clear_until_here(&clearing);
			at = kept[k].range.end;
		}
		if (stays(canvas, map))
			clear_until_here(&clearing);
		else
			clear(&clearing, at, map->end);
	}
	clear_until_here(&clearing);
}

/* Shared memory is made for each copy. */
static bool is_mapped_here(const struct canvas *canvas, const struct vma *vma)
{
	return !canvas->is_template || vma->kind != VMA_SHM || !(vma->flags & VMA_SHARED);
}

/* If the vDSO stays where it is, unmapping has not taken place yet, and goes by the same run. */
static int map_all(struct restore *restore, struct canvas *canvas, const struct memory *memory,
		   const struct kept *kept, const struct maps *before, struct err *err)
{
	_cleanup_(maps_release) struct maps now = { 0 };
	bool moved = !canvas->later;
	struct remote_batch *batch;
	struct range elsewhere;

	if ((moved && read_maps(canvas, &now, err) < 0) ||
	    gap_find(moved ? &now : before, memory, canvas->scratch, mapping_apart_size(memory),
		     &elsewhere, err) < 0)
		return -1;
	batch = canvas_later(canvas);
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (!is_mapped_here(canvas, vma) || (kept[i].range.end && canvas->template))
			continue;
		if (kept[i].range.end)
			inherit_push(restore, canvas, vma, &kept[i],
				     mapping_filling_prot(memory, vma), batch);
		else if (mapping_push(restore, canvas, memory, vma, elsewhere.start, batch, err) <
			 0)
			return -1;
	}
	return canvas_flush(canvas, err);
}

int memory_map(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct memory *memory = IMAGE_GET(&restore->image, memory, canvas->own_pid, 0);
	_cleanup_free_ struct kept *kept = calloc(memory->n_vmas + 1, sizeof(*kept));
	_cleanup_(maps_release) struct maps maps = { 0 };

	if (!kept)
		return err_sys(err, "out of memory");
	if (step_aside(restore, canvas, memory, err) < 0 || read_maps(canvas, &maps, err) < 0)
		return -1;
	if (canvas->template)
		inherit_plan_all(canvas, memory, kept);
	else if (canvas->cloned)
		inherit_plan(restore, canvas, memory, &maps, kept);
	unmap_all(canvas, &maps, kept, memory->n_vmas);
	if (vdso_place(restore, canvas, memory, &maps, err) < 0 ||
	    map_all(restore, canvas, memory, kept, &maps, err) < 0)
		return -1;
	if (canvas->is_template)
		return 0;
	if (shared_map(restore, canvas, memory, err) < 0)
		return -1;
	return canvas->template ? inherit_copy_rest(canvas, memory, kept, err)
				: inherit_copy(restore, canvas, memory, kept, err);
}

const struct restorer memory_restorer = {
	.check = memory_check,
	.make = memory_make,
};

static int write_zeros(struct canvas *canvas, const struct range *range, struct err *err)
{
	static const uint8_t zeros[64 << 10];

	for (uint64_t at = range->start; at < range->end; at += sizeof(zeros)) {
		uint64_t size = range->end - at < sizeof(zeros) ? range->end - at : sizeof(zeros);

		if (memory_write(&canvas->frozen.memory, at, zeros, size, err) < 0)
			return -1;
	}
	return 0;
}

int memory_blank(struct canvas *canvas, const struct memory *memory, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_zero; k++)
			if (write_zeros(canvas, &memory->vmas[i].zero[k], err) < 0)
				return -1;
	return 0;
}

int memory_finish(struct canvas *canvas, const struct memory *memory, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	size_t securebits, personality;

	/* Those of a template came with it. */
	if ((!canvas->template && memory_blank(canvas, memory, err) < 0) ||
	    vdso_redirect(canvas, memory, err) < 0)
		return -1;
	mapping_finish(canvas, memory, batch);
	if (layout_apply(memory, batch, err) < 0)
		return -1;
	securebits = remote_push(batch, REMOTE_CALL(prctl, PR_GET_SECUREBITS));
	personality = remote_push(batch, REMOTE_CALL(personality, 0xffffffff));
	if (canvas_run_all(canvas, batch, err) < 0)
		return err_prefix(err, "protections and layout of the address space");
	canvas->securebits = (uint32_t)remote_result(batch, securebits);
	canvas->personality = (uint64_t)remote_result(batch, personality);
	return 0;
}
