/* SPDX-License-Identifier: MIT */
#include "dump/inherited.h"

#include "dump/memory.h"
#include "dump/range_lists.h"
#include "dump/rseq.h"
#include "dump/snapshot.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Compared at a time: the bytes of a parent and of one child stay in the cache while all children are gone through. */
enum { WINDOW = 64 };

struct child {
	const struct target *target;
	struct rseq_memory *rseq;
	struct memory_ranges own;
	size_t next; /* of them: those before lie below the window */
	struct memory_ranges *inherited;
};

struct comparison {
	uint64_t page;
	const struct target *target; /* the parent */
	struct rseq_memory *rseq;
	struct memory_ranges own;
	struct child *children;
	size_t n_children;
	uint64_t window[WINDOW]; /* addresses of the parent's pages */
	size_t n_window;
	uint8_t *ours, *theirs;
};

/*
 * Which pages the image has, of mappings that children get. Of a parent also those that the image before has; of a child
 * they are settled.
 */
static int add_known(const struct memory *memory, bool parent, struct memory_ranges *ret,
		     struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (vma_can_inherit(vma) &&
		    (range_list_add_to(ret, vma->saved, vma->n_saved, err) < 0 ||
		     range_list_add_to(ret, vma->inherited, vma->n_inherited, err) < 0 ||
		     range_list_add_to(ret, vma->previous, parent ? vma->n_previous : 0, err) < 0))
			return -1;
	}
	memory_ranges_sort(ret);
	return 0;
}

/* One that has executed a program anew may be in luck, but pages of another program cannot come back by a fork. */
static bool is_child(const struct dump *dump, const struct target *target,
		     const struct target *parent)
{
	const struct process *child = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	const struct process *process = IMAGE_GET(&dump->image, process, parent->own_pid, 0);

	return child->parent == process->pid && file_id_same(&child->exe, &process->exe);
}

static int add_children(struct comparison *comparison, const struct dump *dump,
			const struct target *parent, struct memory_ranges *ret_ranges,
			struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		struct child *child;

		if (!is_child(dump, target, parent))
			continue;
		child = &comparison->children[comparison->n_children++];
		*child = (struct child){ .target = target, .inherited = &ret_ranges[i] };
		child->rseq = rseq_memory_new(&dump->image, target->own_pid, NULL, NULL, err);
		if (!child->rseq || add_known(IMAGE_GET(&dump->image, memory, target->own_pid, 0),
					      false, &child->own, err) < 0)
			return -1;
	}
	return 0;
}

/* Reads pages of one process, those of the window that are picked, one after another. */
static int read_pages(const struct comparison *comparison, const struct target *target,
		      const struct rseq_memory *rseq, const size_t *picked, size_t n,
		      uint8_t *buffer, struct err *err)
{
	struct memory_range ranges[WINDOW] = { 0 };
	uint8_t *at = buffer;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t start = comparison->window[picked[i]];

		if (count && ranges[count - 1].end == start)
			ranges[count - 1].end += comparison->page;
		else
			ranges[count++] = (struct memory_range){ start, start + comparison->page };
	}
	if (snapshot_read_ranges(target, ranges, count, buffer, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		rseq_memory_mask(rseq, ranges[i].start, at, ranges[i].end - ranges[i].start);
		at += ranges[i].end - ranges[i].start;
	}
	return 0;
}

/* Which pages of the window the child has too. */
static size_t pick(const struct comparison *comparison, struct child *child, size_t *picked)
{
	size_t n = 0;

	for (size_t i = 0; i < comparison->n_window; i++) {
		uint64_t address = comparison->window[i];

		while (child->next < child->own.count &&
		       child->own.list[child->next].end <= address)
			child->next++;
		if (child->next < child->own.count && child->own.list[child->next].start <= address)
			picked[n++] = i;
	}
	return n;
}

static int compare_child(const struct comparison *comparison, struct child *child,
			 const size_t *picked, size_t n, struct err *err)
{
	uint64_t page = comparison->page;

	if (read_pages(comparison, child->target, child->rseq, picked, n, comparison->theirs, err) <
	    0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		uint64_t address = comparison->window[picked[i]];

		if (memcmp(comparison->ours + picked[i] * page, comparison->theirs + i * page,
			   page) == 0 &&
		    memory_ranges_add(child->inherited, address, address + page, err) < 0)
			return -1;
	}
	return 0;
}

static int compare_window(struct comparison *comparison, struct err *err)
{
	size_t all[WINDOW], picked[WINDOW];
	bool read = false;

	for (size_t i = 0; i < comparison->n_children; i++) {
		struct child *child = &comparison->children[i];
		size_t n = pick(comparison, child, picked);

		if (!n)
			continue;
		for (size_t k = 0; !read && k < comparison->n_window; k++)
			all[k] = k;
		if (!read && read_pages(comparison, comparison->target, comparison->rseq, all,
					comparison->n_window, comparison->ours, err) < 0)
			return -1;
		read = true;
		if (compare_child(comparison, child, picked, n, err) < 0)
			return -1;
	}
	comparison->n_window = 0;
	return 0;
}

static int compare_all(struct comparison *comparison, struct err *err)
{
	for (size_t i = 0; i < comparison->own.count; i++) {
		const struct memory_range *range = &comparison->own.list[i];

		for (uint64_t at = range->start; at < range->end; at += comparison->page) {
			comparison->window[comparison->n_window++] = at;
			if (comparison->n_window == WINDOW && compare_window(comparison, err) < 0)
				return -1;
		}
	}
	return compare_window(comparison, err);
}

static void comparison_done(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_children; i++) {
		rseq_memory_free(comparison->children[i].rseq);
		memory_ranges_release(&comparison->children[i].own);
	}
	free(comparison->children);
	rseq_memory_free(comparison->rseq);
	memory_ranges_release(&comparison->own);
	free(comparison->ours);
	free(comparison->theirs);
}

int inherited_find(const struct dump *dump, const struct target *target,
		   struct memory_ranges *ret_ranges, struct err *err)
{
	_cleanup_(comparison_done) struct comparison comparison = {
		.page = (uint64_t)sysconf(_SC_PAGESIZE),
		.target = target,
		.children = calloc(dump->n_targets, sizeof(*comparison.children)),
	};

	comparison.ours = malloc(WINDOW * comparison.page);
	comparison.theirs = malloc(WINDOW * comparison.page);
	if (!comparison.children || !comparison.ours || !comparison.theirs)
		return err_sys(err, "out of memory");
	if (add_children(&comparison, dump, target, ret_ranges, err) < 0)
		return -1;
	if (!comparison.n_children)
		return 0;
	comparison.rseq = rseq_memory_new(&dump->image, target->own_pid, NULL, NULL, err);
	if (!comparison.rseq || add_known(IMAGE_GET(&dump->image, memory, target->own_pid, 0), true,
					  &comparison.own, err) < 0)
		return -1;
	return compare_all(&comparison, err);
}
