/* SPDX-License-Identifier: MIT */
#include "restore/inherit.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/memory.h"
#include "restore/mapping.h"
#include "restore/restore.h"
#include "restore/tree.h"
#include "restore/vdso.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { CHUNK = 1 << 20 };

static const struct memory *memory_of(const struct restore *restore, uint32_t pid)
{
	return IMAGE_GET(&restore->image, memory, pid, 0);
}

static const struct process *process_of(const struct restore *restore, uint32_t pid)
{
	return IMAGE_GET(&restore->image, process, pid, 0);
}

/* Helpers in between are copies of it, too. */
static const struct process *copied_from(const struct lineage *lineage, const struct node *node)
{
	do
		node = &lineage->nodes[node->bearer];
	while (node->kind != NODE_PROCESS);
	return node->process;
}

bool inherit_by_clone(const struct restore *restore, const struct node *node)
{
	const struct process *source = copied_from(&restore->lineage, node);

	return memory_inherits(memory_of(restore, node->number)) &&
	       node->process->parent == source->pid &&
	       file_id_same(&node->process->exe, &source->exe);
}

static const struct file_id *file_of(const struct memory *memory, uint32_t id)
{
	for (size_t i = 0; i < memory->n_mapped_files; i++)
		if (memory->mapped_files[i].id == id)
			return &memory->mapped_files[i].file;
	return NULL;
}

/* Whether the same is behind both, at the same addresses. */
static bool same_backing(const struct memory *a, const struct vma *x, const struct memory *b,
			 const struct vma *y)
{
	if (x->kind != y->kind)
		return false;
	if (x->kind == VMA_ANONYMOUS)
		return true;
	if (x->offset - x->range.start != y->offset - y->range.start)
		return false;
	return x->kind == VMA_FILE ? file_id_same(file_of(a, x->file), file_of(b, y->file))
				   : x->kind == VMA_SHM && x->contents == y->contents;
}

/* Locks are not inherited; seals come later. */
static bool same_flags(const struct vma *x, const struct vma *y)
{
	const uint32_t relevant = VMA_GROWS_DOWN | VMA_NO_RESERVE;

	return (x->flags & relevant) == (y->flags & relevant);
}

static bool contains(const struct range *range, uint64_t address)
{
	return range->start <= address && address < range->end;
}

/* A mapping begins where it began, but for a stack, which has grown down from its end. */
static struct kept keep(const struct memory *parent, const struct memory *memory,
			const struct vma *vma, const struct maps *maps)
{
	uint64_t at = vma->flags & VMA_GROWS_DOWN ? vma->range.end - 1 : vma->range.start;
	const struct vma *there = memory_find(parent, at);
	const struct map *map = maps_find(maps, at);
	struct range range = vma->range;

	if (!vma_can_inherit(vma) || !there || !map || !contains(&there->range, at) ||
	    !vma_can_inherit(there) || !same_backing(parent, there, memory, vma) ||
	    !same_flags(there, vma))
		return (struct kept){ 0 };
	if (range.start < map->start)
		range.start = map->start;
	if (range.end > map->end)
		range.end = map->end;
	return (struct kept){ range, map->prot };
}

void inherit_plan(const struct restore *restore, const struct canvas *canvas,
		  const struct memory *memory, const struct maps *maps, struct kept *ret_kept)
{
	const struct process *process = process_of(restore, canvas->own_pid);
	const struct memory *parent = memory_of(restore, process->parent);
	const struct map *last = NULL;

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];
		const struct map *map;

		ret_kept[i] = keep(parent, memory, vma, maps);
		map = maps_find(maps, ret_kept[i].range.start);
		/* Of one that was one, two cannot be made that stay apart. */
		if (last && map == last && mapping_stands_apart(memory, vma))
			ret_kept[i] = (struct kept){ 0 };
		last = map;
	}
}

/* Whether the parent has pages there, which the clone got and did not have. */
static bool has_pages(const struct memory *parent, struct range range)
{
	const struct vma *vma = memory_find(parent, range.start);

	for (; vma && vma < parent->vmas + parent->n_vmas && vma->range.start < range.end; vma++) {
		const struct range *saved = ranges_find(vma->saved, vma->n_saved, range.start);
		const struct range *inherited =
			ranges_find(vma->inherited, vma->n_inherited, range.start);
		const struct range *previous =
			ranges_find(vma->previous, vma->n_previous, range.start);
		const struct same *same = same_find(vma->same, vma->n_same, range.start);

		if ((same && same->range.start < range.end) ||
		    (previous && previous->start < range.end) ||
		    (saved && saved->start < range.end) ||
		    (inherited && inherited->start < range.end))
			return true;
	}
	return false;
}

static void push_drop(struct remote_batch *batch, const struct memory *parent, uint64_t start,
		      uint64_t end)
{
	if (start < end && has_pages(parent, (struct range){ start, end }))
		remote_push(batch, REMOTE_CALL(madvise, start, end - start, MADV_DONTNEED));
}

void inherit_push(const struct restore *restore, const struct canvas *canvas, const struct vma *vma,
		  const struct kept *kept, uint32_t prot, struct remote_batch *batch)
{
	const struct process *process = process_of(restore, canvas->own_pid);
	const struct memory *parent = memory_of(restore, process->parent);
	uint64_t at = kept->range.start, length = vma->range.end - vma->range.start;

	for (size_t i = 0; i < vma->n_inherited; i++) {
		const struct range *r = &vma->inherited[i];

		if (r->end <= at || r->start >= kept->range.end)
			continue;
		push_drop(batch, parent, at, r->start);
		at = r->end;
	}
	push_drop(batch, parent, at, kept->range.end);
	/* Any call that writes to memory would do to touch a stack, which makes it grow. */
	if (kept->range.start > vma->range.start) {
		remote_push(batch, REMOTE_CALL(clock_gettime, CLOCK_MONOTONIC, vma->range.start));
		remote_push(batch,
			    REMOTE_CALL(madvise, vma->range.start,
					kept->range.start - vma->range.start, MADV_DONTNEED));
	}
	if (kept->range.end < vma->range.end)
		remote_push(batch, REMOTE_CALL(mremap, vma->range.start,
					       kept->range.end - vma->range.start, length, 0));
	if (kept->prot != prot)
		remote_push(batch, REMOTE_CALL(mprotect, vma->range.start, length, prot));
}

static int copy_range(struct canvas *from, struct canvas *to, uint64_t start, uint64_t end,
		      void *buffer, struct err *err)
{
	for (uint64_t at = start; at < end;) {
		size_t size = end - at < CHUNK ? end - at : CHUNK;

		if (memory_read(&from->frozen.memory, at, buffer, size, err) < 0 ||
		    memory_write(&to->frozen.memory, at, buffer, size, err) < 0)
			return -1;
		at += size;
	}
	return 0;
}

/* What of a range is not within the one that was kept. */
static int copy_rest(struct canvas *from, struct canvas *to, const struct range *range,
		     const struct range *kept, void *buffer, struct err *err)
{
	uint64_t before = range->end < kept->start ? range->end : kept->start;
	uint64_t behind = range->start > kept->end ? range->start : kept->end;

	if (copy_range(from, to, range->start, before, buffer, err) < 0)
		return -1;
	return copy_range(from, to, behind, range->end, buffer, err);
}

int inherit_copy(const struct restore *restore, struct canvas *canvas, const struct memory *memory,
		 const struct kept *kept, struct err *err)
{
	const struct process *process = process_of(restore, canvas->own_pid);
	struct canvas *parent = tree_canvas(restore, process->parent);
	_cleanup_free_ void *buffer = NULL;

	if (!memory_inherits(memory))
		return 0;
	buffer = malloc(CHUNK);
	if (!buffer)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		for (size_t k = 0; k < vma->n_inherited; k++)
			if (copy_rest(parent, canvas, &vma->inherited[k], &kept[i].range, buffer,
				      err) < 0)
				return err_prefix(err, "pages of pid %u", process->parent);
	}
	return 0;
}

/*
 * Not those of which a clone has no pages (MAP_DROPPABLE), none reserved (huge pages), or another file behind it. Advice that would
 * keep pages from it comes later.
 */
static bool comes_along(const struct canvas *canvas, const struct vma *vma)
{
	if (vma->kind == VMA_SPECIAL)
		return vdso_is_code(canvas, vma);
	return vma->kind != VMA_SHM && !(vma->flags & (VMA_HUGETLB | VMA_DROPPABLE));
}

void inherit_plan_all(struct canvas *canvas, const struct memory *memory, struct kept *ret_kept)
{
	canvas->redirect_vdso = canvas->template->redirect_vdso;
	canvas->own_vdso = canvas->template->own_vdso;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (comes_along(canvas, &memory->vmas[i]))
			ret_kept[i] = (struct kept){
				memory->vmas[i].range,
				mapping_filling_prot(memory, &memory->vmas[i]),
			};
}

static int copy_ranges(struct canvas *canvas, const struct range *ranges, size_t n, void *buffer,
		       struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (copy_range(canvas->template, canvas, ranges[i].start, ranges[i].end, buffer,
			       err) < 0)
			return err_prefix(err, "pages of the template");
	return 0;
}

int inherit_copy_rest(struct canvas *canvas, const struct memory *memory, const struct kept *kept,
		      struct err *err)
{
	_cleanup_free_ void *buffer = malloc(CHUNK);

	if (!buffer)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (kept[i].range.end || !vma_is_private(vma))
			continue;
		if (copy_ranges(canvas, vma->saved, vma->n_saved, buffer, err) < 0 ||
		    copy_ranges(canvas, vma->previous, vma->n_previous, buffer, err) < 0 ||
		    copy_ranges(canvas, vma->zero, vma->n_zero, buffer, err) < 0)
			return -1;
	}
	return 0;
}
