/* SPDX-License-Identifier: MIT */
#include "format/image_previous.h"

#include "format/cleanup.h"
#include "format/digest.h"
#include "format/err.h"
#include "format/image_load.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/shm.h"

#include <fcntl.h>
#include <string.h>

/* Every one is open at the same time. */
enum { LINKS_MAX = 500 };

void image_previous_free(struct image_previous *previous)
{
	if (!previous)
		return;
	image_done(&previous->image);
	image_reader_free(previous->reader);
	cleanup_close(&previous->fd);
	free(previous);
}

static int open_file(const char *file, const char *name, struct image_previous *previous,
		     struct err *err)
{
	const char *slash = strrchr(file, '/');
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name) < 0)
		return err_sys(err, "out of memory");
	previous->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (previous->fd < 0)
		return err_sys(err, "it leads to %s, which must be in the same folder: %s", name,
			       path);
	if (image_reader_new(previous->fd, 0, &previous->reader, err) < 0 ||
	    image_reader_spool(previous->reader, err) < 0 ||
	    image_load(previous->reader, &previous->image, err) < 0)
		return err_prefix(err, "%s", path);
	return 0;
}

static int check_identity(const struct image_previous *previous, const struct previous *named,
			  struct err *err)
{
	const struct image_entry *index = image_reader_index(previous->reader);
	struct digest digest;

	if (index)
		digest_of(index->data, index->size, &digest);
	if (index && memcmp(digest.bytes, named->sha256.data, DIGEST_SIZE) == 0)
		return 0;
	return err_set(err, ERR_IMAGE,
		       "it leads to %s, but to another one than is there: the SHA-256 of its "
		       "index.json differs",
		       named->file);
}

static int check_range(const struct memory *there, const struct range *range, struct err *err)
{
	for (uint64_t at = range->start; at < range->end;) {
		const struct vma *vma = there ? memory_find(there, at) : NULL;
		const struct range *stored = NULL;

		if (vma && vma->range.start <= at && vma_is_private(vma))
			stored = vma_stored(vma, at);
		if (!stored)
			return err_set(err, ERR_IMAGE, "the image before has no page 0x%lx", at);
		at = stored->end;
	}
	return 0;
}

static int check_memory(const struct image *image, const struct image *before, uint32_t pid,
			struct err *err)
{
	const struct memory *memory = IMAGE_GET(image, memory, pid, 0);
	const struct memory *there = IMAGE_GET(before, memory, pid, 0);

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		for (size_t k = 0; k < vma->n_previous; k++)
			if (check_range(there, &vma->previous[k], err) < 0)
				return err_prefix(err, "processes/%u/memory.json: $.vmas[%zu]", pid,
						  i);
	}
	return 0;
}

static int check_object(const struct shm *shm, const struct image *before, struct err *err)
{
	const struct shm *there = IMAGE_GET(before, shm, shm->before, 0);

	for (size_t i = 0; i < shm->n_previous; i++)
		for (uint64_t at = shm->previous[i].start; at < shm->previous[i].end;) {
			const struct range *stored = there ? shm_stored(there, at) : NULL;

			if (!stored)
				return err_set(err, ERR_IMAGE,
					       "shm/%u.json: $.previous[%zu]: shm/%u of the image "
					       "before has no page 0x%lx",
					       shm->id, i, shm->before, at);
			at = stored->end;
		}
	return 0;
}

static int check_pages(const struct image *image, const struct image *before, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	for (size_t i = 0; i < pimage->n_pids; i++)
		if (check_memory(image, before, pimage->pids[i], err) < 0)
			return -1;
	IMAGE_EACH (image, shm, shm)
		if (check_object(shm, before, err) < 0)
			return -1;
	return 0;
}

static int open_one(const char *file, struct image *image, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);
	struct image_previous *previous = calloc(1, sizeof(*previous));

	if (!previous)
		return err_sys(err, "out of memory");
	previous->fd = -1;
	image->previous = previous;
	if (open_file(file, pimage->previous->file, previous, err) < 0 ||
	    check_identity(previous, pimage->previous, err) < 0)
		return -1;
	return check_pages(image, &previous->image, err);
}

int image_previous_open(const char *file, struct image *image, struct err *err)
{
	for (unsigned links = 0; IMAGE_GET(image, pimage, 0, 0)->previous; links++) {
		if (strcmp(file, "-") == 0)
			return err_set(err, ERR_IMAGE,
				       "it leads to %s in the folder where it was written: give it "
				       "as a file there, or make one that stands alone with "
				       "pinspect flatten",
				       IMAGE_GET(image, pimage, 0, 0)->previous->file);
		if (links == LINKS_MAX)
			return err_set(err, ERR_IMAGE, "it leads to more than %d others",
				       LINKS_MAX);
		if (open_one(file, image, err) < 0)
			return -1;
		image = &image->previous->image;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Adds ranges to an ascending list, and takes them out of the other. */
static int join(struct range **list, size_t *n_list, struct range **more, size_t *n_more,
		struct err *err)
{
	struct range *all;
	size_t n = 0;

	if (!*n_more)
		return 0;
	for (size_t i = 0; i < *n_more; i++) {
		struct range *range = list_add((void **)list, n_list, sizeof(*range), err);

		if (!range)
			return -1;
		*range = (*more)[i];
	}
	free(*more);
	*more = NULL;
	*n_more = 0;
	all = *list;
	qsort(all, *n_list, sizeof(*all), compare);
	for (size_t i = 0; i < *n_list; i++) {
		if (n && all[n - 1].end == all[i].start)
			all[n - 1].end = all[i].end;
		else
			all[n++] = all[i];
	}
	*n_list = n;
	return 0;
}

/* What the image before has becomes this one's own. */
static int own_pages(struct vma *vma, struct err *err)
{
	return join(&vma->saved, &vma->n_saved, &vma->previous, &vma->n_previous, err);
}

/* Rows become ranges. */
static int own_same(struct vma *vma, struct err *err)
{
	struct range *ranges = NULL;
	size_t n = 0;
	int ret = 0;

	for (size_t i = 0; i < vma->n_same && ret == 0; i++) {
		struct range *range = list_add((void **)&ranges, &n, sizeof(*range), err);

		if (range)
			*range = vma->same[i].range;
		else
			ret = -1;
	}
	if (ret == 0)
		ret = join(&vma->saved, &vma->n_saved, &ranges, &n, err);
	free(ranges);
	free(vma->same);
	vma->same = NULL;
	vma->n_same = 0;
	return ret;
}

int image_own_pages(struct image *image, struct err *err)
{
	IMAGE_EACH (image, memory, memory)
		for (size_t i = 0; i < memory->n_vmas; i++)
			if (own_same(&memory->vmas[i], err) < 0)
				return -1;
	pimage_require_no_more(IMAGE_GET(image, pimage, 0, 0), FEATURE_SAME_PAGES);
	return image_stand_alone(image, err);
}

int image_stand_alone(struct image *image, struct err *err)
{
	struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	IMAGE_EACH (image, memory, memory)
		for (size_t i = 0; i < memory->n_vmas; i++)
			if (own_pages(&memory->vmas[i], err) < 0)
				return -1;
	IMAGE_EACH (image, shm, shm) {
		if (join(&shm->saved, &shm->n_saved, &shm->previous, &shm->n_previous, err) < 0)
			return -1;
		shm->before = 0;
	}
	pimage_forget_previous(pimage);
	return 0;
}
