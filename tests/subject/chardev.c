/* SPDX-License-Identifier: MIT */
/* Devices that remember nothing. */
#include "tests/subject/file_view.h"

static const char *const names[] = { "null", "zero", "full", "random", "urandom" };

static void look(struct view *view, void *state)
{
	const int *fds = state;

	for (int i = 0; i < 5; i++)
		view_fd(view, names[i], fds[i]);
}

static void use(void *state)
{
	const int *fds = state;
	char c = 'x';

	MUST(read(fds[0], &c, 1) == 0 && write(fds[0], "x", 1) == 1);
	MUST(read(fds[1], &c, 1) == 1 && c == 0);
	MUST(write(fds[2], "x", 1) < 0 && errno == ENOSPC);
	MUST(read(fds[4], &c, 1) == 1);
}

int main(void)
{
	static const int flags[] = { O_RDWR | O_CLOEXEC, O_RDONLY, O_WRONLY | O_NONBLOCK,
				     O_RDONLY | O_NONBLOCK, O_RDONLY };
	int fds[5];
	char path[32];

	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		fds[i] = open(path, flags[i]);
		MUST(fds[i] >= 0);
	}
	return subject_use(look, use, fds);
}
