/* SPDX-License-Identifier: MIT */
#include "format/working_set.h"

#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"
#include "format/image.h"
#include "format/memory.h"
#include "format/pimage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct field wanted_fields[] = {
	UINT(struct wanted_pages, pid, 0, "Process id, as the image has it."),
	LIST(struct wanted_pages, ranges, 0, item_range,
	     "Addresses of the pages that it asked for, in that order."),
	{}
};
static const struct record wanted_record =
	RECORD_OF(struct wanted_pages, "wanted_pages", wanted_fields, "What one process wants.");
static const struct field item_wanted = ITEM_RECORD(struct wanted_pages, wanted_record);

static const struct field set_fields[] = {
	LIST(struct working_set, processes, 0, item_wanted, "Processes that asked for pages."), {}
};
const struct record working_set_record =
	RECORD_OF(struct working_set, "working_set", set_fields,
		  "Which pages restored processes asked for first; a file beside the image.");

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int working_set_check(const struct range *ranges, size_t n, uint64_t page_size, const char *what,
		      struct err *err)
{
	_cleanup_free_ struct range *sorted = NULL;

	for (size_t i = 0; i < n; i++)
		if (ranges[i].start >= ranges[i].end || ranges[i].start % page_size ||
		    ranges[i].end % page_size)
			return err_set(err, ERR_IMAGE, "%s[%zu]: 0x%lx-0x%lx are no pages", what, i,
				       ranges[i].start, ranges[i].end);
	if (!n)
		return 0;
	sorted = malloc(n * sizeof(*sorted));
	if (!sorted)
		return err_sys(err, "out of memory");
	memcpy(sorted, ranges, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 1; i < n; i++)
		if (sorted[i].start < sorted[i - 1].end)
			return err_set(err, ERR_IMAGE, "%s: the page 0x%lx is listed twice", what,
				       sorted[i].start);
	return 0;
}

static int read_whole(const char *path, char **ret_text, size_t *ret_size, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t size;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "cannot open %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > ENTRY_SMALL_MAX)
		return err_set(err, ERR_IMAGE, "%s is no file of at most %d bytes", path,
			       ENTRY_SMALL_MAX);
	size = (size_t)st.st_size;
	text = malloc(size + 1);
	if (!text)
		return err_sys(err, "%s: out of memory", path);
	for (size_t done = 0; done < size; done += (size_t)n) {
		n = read(fd, text + done, size - done);
		if (n <= 0)
			return err_sys(err, "cannot read %s", path);
	}
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int working_set_read(const char *path, struct working_set *ret_set, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	if (read_whole(path, &text, &size, err) < 0)
		return -1;
	if (record_decode(&working_set_record, text, size, ret_set, err) < 0)
		return err_prefix(err, "%s", path);
	return 0;
}

static int give(const struct wanted_pages *wanted, struct image *image, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);
	struct memory *memory = IMAGE_GET(image, memory, wanted->pid, 0);
	size_t size = wanted->n_ranges * sizeof(struct range);
	struct range *copy;

	if (!memory)
		return err_set(err, ERR_IMAGE, "the image has no process %u", wanted->pid);
	if (working_set_check(wanted->ranges, wanted->n_ranges, pimage->page_size, "ranges", err) <
	    0)
		return err_prefix(err, "process %u", wanted->pid);
	copy = malloc(size + 1);
	if (!copy)
		return err_sys(err, "out of memory");
	if (size)
		memcpy(copy, wanted->ranges, size);
	free(memory->working_set);
	memory->working_set = copy;
	memory->n_working_set = wanted->n_ranges;
	return 0;
}

static int check_listed_once(const struct working_set *set, size_t index, struct err *err)
{
	for (size_t i = 0; i < index; i++)
		if (set->processes[i].pid == set->processes[index].pid)
			return err_set(err, ERR_IMAGE, "process %u is listed twice",
				       set->processes[i].pid);
	return 0;
}

int working_set_give(const struct working_set *set, struct image *image, struct err *err)
{
	working_set_forget(image);
	for (size_t i = 0; i < set->n_processes; i++)
		if (check_listed_once(set, i, err) < 0 || give(&set->processes[i], image, err) < 0)
			return -1;
	if (!set->n_processes)
		return 0;
	if (!working_set_size(image))
		return err_set(err, ERR_IMAGE,
			       "the image has none of these pages: it was recorded of another one");
	return pimage_require(IMAGE_GET(image, pimage, 0, 0), FEATURE_WORKING_SET, err);
}

void working_set_forget(struct image *image)
{
	IMAGE_EACH (image, memory, memory) {
		free(memory->working_set);
		memory->working_set = NULL;
		memory->n_working_set = 0;
	}
	pimage_require_no_more(IMAGE_GET(image, pimage, 0, 0), FEATURE_WORKING_SET);
}

/* Of one range: the pages of these lists in it. */
static uint64_t common(const struct range *range, const struct range *list, size_t n)
{
	const struct range *next = ranges_find(list, n, range->start);
	uint64_t size = 0;

	for (; next && next < list + n && next->start < range->end; next++) {
		uint64_t start = next->start > range->start ? next->start : range->start;
		uint64_t end = next->end < range->end ? next->end : range->end;

		size += end - start;
	}
	return size;
}

static uint64_t common_same(const struct range *range, const struct vma *vma)
{
	const struct same *next = same_find(vma->same, vma->n_same, range->start);
	uint64_t size = 0;

	for (; next && next < vma->same + vma->n_same && next->range.start < range->end; next++)
		size += common(range, &next->range, 1);
	return size;
}

static uint64_t size_of(const struct memory *memory, const struct range *range)
{
	const struct vma *vma = memory_find(memory, range->start);
	uint64_t size = 0;

	for (; vma && vma < memory->vmas + memory->n_vmas && vma->range.start < range->end; vma++)
		size += common(range, vma->saved, vma->n_saved) +
			common(range, vma->inherited, vma->n_inherited) +
			common(range, vma->previous, vma->n_previous) + common_same(range, vma);
	return size;
}

uint64_t working_set_size(const struct image *image)
{
	uint64_t size = 0;

	IMAGE_EACH (image, memory, memory)
		for (size_t i = 0; i < memory->n_working_set; i++)
			size += size_of(memory, &memory->working_set[i]);
	return size;
}
