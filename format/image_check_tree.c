/* SPDX-License-Identifier: MIT */
/* What must hold between the processes of an image: who is whose child. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image.h"
#include "format/image_check.h"
#include "format/pimage.h"
#include "format/process.h"

#include <stdlib.h>

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
