/* SPDX-License-Identifier: MIT */
/* The descriptor table itself: high numbers, gaps, many duplicates of few descriptions, flags. */
#include "tests/subject/file_view.h"

#include <sys/resource.h>

#define COUNT 300

static void look(struct view *view, void *state)
{
	char text[2 * COUNT + 1];
	int high = *(const int *)state;

	for (int fd = 0; fd < 2 * COUNT; fd++)
		text[fd] = fcntl(fd, F_GETFD) < 0 ? '-' : fcntl(fd, F_GETFD) ? 'c' : 'o';
	text[2 * COUNT] = '\0';
	view_str(view, "table", text);
	view_fd(view, "high", high);
}

/* Odd ones share one position, every third another. */
static void use(void *state)
{
	int high = *(const int *)state;

	MUST(lseek(51, 17, SEEK_SET) == 17 && lseek(high, 0, SEEK_CUR) == 17);
	for (int fd = 51; fd < COUNT; fd += 2)
		if (fd % 3)
			MUST(lseek(fd, 0, SEEK_CUR) == 17);
	for (int fd = 51; fd < COUNT; fd += 3)
		MUST(fd == 51 || lseek(fd, 0, SEEK_CUR) == (fd % 3 ? 17 : 9));
	MUST(fcntl(1, F_GETFD) == 0);
}

int main(void)
{
	int one = open("file", O_RDWR | O_CREAT, 0600), two = open("file", O_RDWR), high;
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 2 * COUNT);
	MUST(lseek(two, 9, SEEK_SET) == 9);
	for (int fd = 51; fd < COUNT; fd += 2)
		MUST(dup3(one, fd, fd % 5 ? 0 : O_CLOEXEC) == fd);
	for (int fd = 54; fd < COUNT; fd += 3)
		MUST(dup2(two, fd) == fd);
	high = (int)limit.rlim_cur > 1000 ? 900 : 2 * COUNT - 1;
	MUST(dup2(one, high) == high && close(one) == 0 && close(two) == 0);
	return subject_use(look, use, &high);
}
