/* SPDX-License-Identifier: MIT */
/* Pages that processes have in common with their parents: they come with them when they are cloned from the filled parent. */
#ifndef PIMAGE_RESTORE_INHERIT_H
#define PIMAGE_RESTORE_INHERIT_H

#include "format/memory.h"
#include "kernel/proc_maps.h"
#include "restore/canvas.h"

struct err;
struct node;
struct remote_batch;
struct restore;

/* Whether it is to be left as it is cloned, instead of executing its program: what it comes of is its parent. */
bool inherit_by_clone(const struct restore *restore, const struct node *node);

/* What stays of a mapping that a clone has of its parent; empty: nothing. */
struct kept {
	struct range range;
	uint32_t prot; /* it has now */
};

/*
 * For each VMA of the image what of the mappings of the clone can become it; maps is what it has now. Each is part of one
 * VMA of the kernel, so that those that were one come back as one.
 */
void inherit_plan(const struct restore *restore, const struct canvas *canvas,
		  const struct memory *memory, const struct maps *maps, struct kept *ret_kept);

/*
 * Adds the calls that make a VMA of what was kept, with the protection `prot`, and free it of the pages that are not
 * inherited. Nothing else is mapped where it grows.
 */
void inherit_push(const struct restore *restore, const struct canvas *canvas, const struct vma *vma,
		  const struct kept *kept, uint32_t prot, struct remote_batch *batch);

/* The same for the clone of a template: all private mappings stay as they are. Takes over where the template's vDSO is. */
void inherit_plan_all(struct canvas *canvas, const struct memory *memory, struct kept *ret_kept);

/* Copies the pages of a template that are in private mappings which could not stay. */
int inherit_copy_rest(struct canvas *canvas, const struct memory *memory, const struct kept *kept,
		      struct err *err);

/* Copies those inherited pages that did not come by cloning, because the mappings differ too much, or the programs. */
int inherit_copy(const struct restore *restore, struct canvas *canvas, const struct memory *memory,
		 const struct kept *kept, struct err *err);

#endif
