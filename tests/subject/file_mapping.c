/* SPDX-License-Identifier: MIT */
/* A file mapped private and shared, partly written, partly beyond its end, read-only and with an
 * offset. */
#include "tests/subject/vma.h"

#define PAGES 32

struct mapped {
	char *private;
	char *shared;
	char *offset;
	char *readonly;
};

static void look(struct view *view, void *state)
{
	struct mapped *mapped = state;

	view_vma(view, "private", mapped->private);
	view_vma(view, "shared", mapped->shared);
	view_vma(view, "offset", mapped->offset);
	view_vma(view, "readonly", mapped->readonly);
	view_hash(view, "private contents", mapped->private, PAGES * PAGE);
	view_hash(view, "shared contents", mapped->shared, PAGES * PAGE);
	view_hash(view, "offset contents", mapped->offset, 4 * PAGE);
	view_hash(view, "readonly contents", mapped->readonly, PAGES * PAGE);
}

static char *map(int fd, size_t pages, int prot, int flags, off_t offset)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags, fd, offset);

	MUST(at != MAP_FAILED);
	return at;
}

int main(void)
{
	int fd = make_file("mapped", PAGES), second;
	struct mapped mapped = {
		.private = map(fd, PAGES + 4, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0),
		.shared = map(fd, PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, 0),
		.offset = map(fd, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE, 8 * PAGE),
	};
	char text[8];

	/* Shared, of a descriptor that cannot write: such a VMA can never become writable. */
	MUST((second = open("mapped", O_RDONLY | O_CLOEXEC)) >= 0);
	mapped.readonly = map(second, PAGES, PROT_READ, MAP_SHARED, 0);
	close(second);
	close(fd);
	for (size_t i = 0; i < PAGES; i += 5)
		fill_page(mapped.private + i * PAGE, 7000 + i);
	fill_page(mapped.shared + 2 * PAGE, 9000);
	strcpy(mapped.offset + PAGE, "own");
	MUST(mprotect(mapped.private + 5 * PAGE, PAGE, PROT_READ) == 0);
	subject_main(look, &mapped);
	strcpy(mapped.shared + 3 * PAGE, "reaches");
	MUST((fd = open("mapped", O_RDONLY)) >= 0);
	MUST(pread(fd, text, 8, 3 * PAGE) == 8 && !strcmp(text, "reaches"));
	MUST(mprotect(mapped.readonly, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	return 0;
}
