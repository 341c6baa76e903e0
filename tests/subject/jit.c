/* SPDX-License-Identifier: MIT */
/* Code that was made at run time: in pages that are writable and executable, in pages that no
 * longer are writable, and in a memfd that is mapped twice. */
#include "tests/subject/vma.h"

/* mov $number, %eax; ret */
static void emit(char *at, int number)
{
	at[0] = (char)0xb8;
	memcpy(at + 1, &number, 4);
	at[5] = (char)0xc3;
}

struct code {
	char *open;
	char *sealed;
	char *writable;
	char *executable;
};

static int run(const char *at)
{
	union {
		const char *data;
		int (*code)(void);
	} u = { .data = at };

	return u.code();
}

static void look(struct view *view, void *state)
{
	struct code *code = state;

	view_num(view, "open", run(code->open));
	view_num(view, "sealed", run(code->sealed));
	view_num(view, "double", run(code->executable));
	view_vma(view, "open vma", code->open);
	view_vma(view, "sealed vma", code->sealed);
}

int main(void)
{
	int fd = memfd_create("jit", MFD_CLOEXEC);
	struct code code = {
		.open = map_pages(2, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS),
		.sealed = map_private(2),
	};

	emit(code.open, 41);
	emit(code.sealed, 42);
	MUST(mprotect(code.sealed, 2 * PAGE, PROT_READ | PROT_EXEC) == 0);
	MUST(fd >= 0 && ftruncate(fd, PAGE) == 0);
	code.writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	code.executable = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	MUST(code.writable != MAP_FAILED && code.executable != MAP_FAILED);
	close(fd);
	emit(code.writable, 43);
	subject_main(look, &code);
	emit(code.open, 51);
	emit(code.writable, 53);
	MUST(run(code.open) == 51 && run(code.executable) == 53);
	return 0;
}
