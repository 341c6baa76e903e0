/* SPDX-License-Identifier: MIT */
/* Which ranges are saved once more where there are too many. */
#include "dump/thin.h"

#include "format/err.h"
#include "format/memory.h"
#include "tests/unit/test.h"

#include <stdlib.h>

enum { PAGE = 4096 };

static void add(struct range **list, size_t *n, uint64_t first, uint64_t pages)
{
	*list = realloc(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = (struct range){ first * PAGE, (first + pages) * PAGE };
}

/* Pages 0 to 9 by turns; then one range of 4 pages before and one of 8, each between saved pages. */
static void make(struct memory *memory)
{
	struct vma *vma = memory->vmas;

	for (uint64_t i = 0; i < 10; i += 2) {
		add(&vma->saved, &vma->n_saved, i, 1);
		add(&vma->previous, &vma->n_previous, i + 1, 1);
	}
	add(&vma->saved, &vma->n_saved, 10, 1);
	add(&vma->previous, &vma->n_previous, 11, 4);
	add(&vma->saved, &vma->n_saved, 15, 1);
	add(&vma->previous, &vma->n_previous, 16, 8);
}

static void check(size_t most, size_t saved, size_t previous, uint64_t first)
{
	struct vma vma = { .range = { 0, 24 * PAGE } };
	struct memory memory = { .vmas = &vma, .n_vmas = 1 };
	uint64_t pages = 0, last = 0;
	struct err err = { 0 };

	make(&memory);
	CHECK(memory_thin(&memory, most, &err) == 0, "%s", err.msg);
	CHECK(vma.n_saved == saved && vma.n_previous == previous, "%zu and %zu", vma.n_saved,
	      vma.n_previous);
	CHECK(!previous || vma.previous[0].start == first * PAGE, "0x%lx", vma.previous[0].start);
	for (size_t i = 0; i < vma.n_saved; i++) {
		CHECK(i == 0 || vma.saved[i].start > last);
		last = vma.saved[i].end;
		pages += (vma.saved[i].end - vma.saved[i].start) / PAGE;
	}
	for (size_t i = 0; i < vma.n_previous; i++)
		pages += (vma.previous[i].end - vma.previous[i].start) / PAGE;
	CHECK(pages == 24, "%lu", pages);
	free(vma.saved);
	free(vma.previous);
}

int main(void)
{
	check(14, 7, 7, 1);
	check(13, 2, 2, 11); /* pages that lie alone */
	check(3, 1, 1, 16);  /* and ranges of four */
	check(1, 1, 0, 0);
	check(0, 7, 7, 1); /* it cannot be so few */
	return test_done("thin");
}
