/* SPDX-License-Identifier: MIT */
/* After MADV_DONTNEED and MADV_FREE anonymous memory reads as zeros: it must not be mapped from an
 * image. A private mapping of a file shows the file again. */
#include "tests/subject/vma.h"

struct mapped {
	char *anonymous;
	char *file;
};

static void look(struct view *view, void *state)
{
	struct mapped *mapped = state;

	view_hash(view, "anonymous", mapped->anonymous, 16 * PAGE);
	view_hash(view, "file", mapped->file, 8 * PAGE);
}

int main(void)
{
	struct mapped mapped = { .anonymous = map_private(16) };
	int fd = make_file("file", 8);
	char page[PAGE];

	mapped.file = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(mapped.file != MAP_FAILED);
	close(fd);
	fill_pages(mapped.anonymous, 16, 3);
	fill_pages(mapped.file, 4, 99);
	subject_main(look, &mapped);
	MUST(madvise(mapped.anonymous, 8 * PAGE, MADV_DONTNEED) == 0);
	MUST(is_zero(mapped.anonymous, 8 * PAGE));
	MUST(madvise(mapped.anonymous + 8 * PAGE, 8 * PAGE, MADV_FREE) == 0);
	MUST(madvise(mapped.file, 8 * PAGE, MADV_DONTNEED) == 0);
	fill_page(page, 1002);
	MUST(!memcmp(mapped.file + 2 * PAGE, page, PAGE));
	return 0;
}
