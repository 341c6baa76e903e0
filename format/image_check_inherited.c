/* SPDX-License-Identifier: MIT */
/* Pages that processes have from their parents: each is saved somewhere up the line. */
#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"

#include "format/image_check.h"

/* The first range of the parent's pages that the address is in, or NULL. */
static const struct range *provided(const struct memory *parent, uint64_t address)
{
	const struct vma *vma = memory_find(parent, address);

	if (!vma || address < vma->range.start || !vma_can_inherit(vma))
		return NULL;
	return vma_stored(vma, address);
}

static int check_range(const struct memory *parent, uint32_t pid, const struct range *range,
		       struct err *err)
{
	for (uint64_t at = range->start; at < range->end;) {
		const struct range *there = provided(parent, at);

		if (!there)
			return err_set(err, ERR_IMAGE,
				       "0x%lx is inherited, but process %u has no such page", at,
				       pid);
		at = there->end;
	}
	return 0;
}

static int check_memory(const struct memory *memory, const struct memory *parent, uint32_t pid,
			struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		for (size_t k = 0; k < vma->n_inherited; k++)
			if (check_range(parent, pid, &vma->inherited[k], err) < 0)
				return err_prefix(err, "$.vmas[%zu]", i);
	}
	return 0;
}

/* Parents come before their children in the list of all, so that the way up to the page that is saved has an end. */
int check_inherited(const struct image *image, const struct pimage *pimage, struct err *err)
{
	for (size_t i = 0; i < pimage->n_pids; i++) {
		uint32_t pid = pimage->pids[i], parent = IMAGE_GET(image, process, pid, 0)->parent;
		const struct memory *memory = IMAGE_GET(image, memory, pid, 0);
		const struct memory *theirs = i ? IMAGE_GET(image, memory, parent, 0) : NULL;

		if (!memory_inherits(memory))
			continue;
		if (!theirs)
			return err_set(err, ERR_IMAGE,
				       "processes/%u/memory.json: it has inherited pages, but its "
				       "parent is not in the image",
				       pid);
		if (check_memory(memory, theirs, parent, err) < 0)
			return err_prefix(err, "processes/%u/memory.json", pid);
	}
	return 0;
}
