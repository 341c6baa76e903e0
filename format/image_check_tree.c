/* SPDX-License-Identifier: MIT */
/* What must hold between the processes of an image: who is whose child. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/files.h"
#include "format/image.h"
#include "format/image_check.h"
#include "format/pimage.h"
#include "format/process.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Where a process stands in the list. */
struct place {
	uint32_t pid;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	uint32_t x = ((const struct place *)a)->pid, y = ((const struct place *)b)->pid;

	return x < y ? -1 : x > y;
}

/* Who shares something refers to the first of all who do. */
static int check_first(const struct image *image, const struct process *process, uint32_t first,
		       size_t offset, const char *name, struct err *err)
{
	const struct process *other = IMAGE_GET(image, process, first, 0);
	uint32_t of = 0;

	if (other)
		memcpy(&of, (const char *)other + offset, sizeof(of));
	if (!first || (other && other != process && !of))
		return 0;
	return err_set(err, ERR_IMAGE,
		       "processes/%u/process.json: $.%s: %u is not the first of those who share",
		       process->pid, name, first);
}

int check_sharers(const struct image *image, struct err *err)
{
	IMAGE_EACH (image, process, process) {
		const struct files *files = IMAGE_GET(image, files, process->pid, 0);

		if (check_first(image, process, process->files_of,
				offsetof(struct process, files_of), "files_of", err) < 0 ||
		    check_first(image, process, process->fs_of, offsetof(struct process, fs_of),
				"fs_of", err) < 0)
			return -1;
		if (process->files_of && files->n_descriptors)
			return err_set(err, ERR_IMAGE,
				       "processes/%u/files.json: $.descriptors: they are to be "
				       "those of process %u",
				       process->pid, process->files_of);
	}
	return 0;
}

int check_parents(const struct image *image, const struct pimage *pimage, struct err *err)
{
	_cleanup_free_ struct place *places = calloc(pimage->n_pids, sizeof(*places));

	if (!places)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < pimage->n_pids; i++)
		places[i] = (struct place){ pimage->pids[i], i };
	qsort(places, pimage->n_pids, sizeof(*places), compare_places);
	/* The first images tell the root's parent too, which is outside. */
	for (size_t i = 1; i < pimage->n_pids; i++) {
		const struct process *process = IMAGE_GET(image, process, pimage->pids[i], 0);
		struct place key = { process->parent, 0 };
		const struct place *parent =
			bsearch(&key, places, pimage->n_pids, sizeof(*places), compare_places);

		if (process->parent && (!parent || parent->index >= i))
			return err_set(err, ERR_IMAGE,
				       "processes/%u/process.json: $.parent: %u does not stand "
				       "before it in pids of pimage.json",
				       process->pid, process->parent);
	}
	return 0;
}
