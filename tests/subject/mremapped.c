/* SPDX-License-Identifier: MIT */
/* Memory that moved: grown, shrunk, and a file mapping of which only the middle is left. */
#include "tests/subject/vma.h"

struct moved {
	char *grown;
	char *middle;
	char *merged;
};

static void look(struct view *view, void *state)
{
	struct moved *moved = state;

	view_vma(view, "grown", moved->grown);
	view_vma(view, "middle", moved->middle);
	view_vma(view, "merged", moved->merged);
	view_hash(view, "grown contents", moved->grown, 64 * PAGE);
	view_hash(view, "middle contents", moved->middle, 4 * PAGE);
	view_hash(view, "merged contents", moved->merged, 12 * PAGE);
}

int main(void)
{
	struct moved moved;
	char *at = map_private(8), *file, *room;
	int fd = make_file("file", 16);

	fill_pages(at, 8, 1);
	moved.grown = mremap(at, 8 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	MUST(moved.grown != MAP_FAILED);
	fill_page(moved.grown + 60 * PAGE, 60);
	file = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(file != MAP_FAILED);
	close(fd);
	fill_page(file + 7 * PAGE, 777);
	room = map_pages(32, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
	moved.middle = mremap(file + 6 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			      room + 4 * PAGE);
	MUST(moved.middle == room + 4 * PAGE);
	/* Anonymous pages that come from elsewhere keep their page offset: two VMAs side by side. */
	moved.merged = room + 12 * PAGE;
	MUST(mmap(moved.merged, 8 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == moved.merged);
	fill_pages(moved.merged, 8, 200);
	at = map_private(4);
	fill_pages(at, 4, 300);
	MUST(mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    moved.merged + 8 * PAGE) == moved.merged + 8 * PAGE);
	return subject_main(look, &moved);
}
