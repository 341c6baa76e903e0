/* SPDX-License-Identifier: MIT */
/*
 * An open directory in the middle of a listing, and places opened with O_PATH.
 * Objects: directory, opath
 */
#include "tests/subject/file_view.h"

#include <sys/syscall.h>

struct state {
	int directory, place, file, link;
	unsigned seen;
};

/* One entry per call at least; counts the names f0 to f9. */
static int list(struct state *s, size_t size)
{
	char buffer[4096];
	long n = syscall(SYS_getdents64, s->directory, buffer, size);

	MUST(n >= 0);
	for (long at = 0; at < n; at += *(unsigned short *)(buffer + at + 16)) {
		const char *name = buffer + at + 19;

		if (name[0] == 'f' && name[2] == '\0')
			s->seen++;
	}
	return n > 0;
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;

	view_fd(view, "directory", s->directory);
	view_fd(view, "place", s->place);
	view_fd(view, "file", s->file);
	view_fd(view, "link", s->link);
	view_num(view, "seen", s->seen);
}

static void use(void *state)
{
	struct state *s = state;
	char text[8];

	while (list(s, 4096))
		continue;
	MUST(s->seen == 10);
	MUST(read(s->file, text, 1) < 0 && errno == EBADF);
	MUST(faccessat(s->place, "f3", F_OK, 0) == 0);
	MUST(readlinkat(s->link, "", text, sizeof(text)) == 2);
}

int main(void)
{
	struct state s = { .seen = 0 };
	char name[8];

	MUST(mkdir("d", 0700) == 0);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "d/f%d", i);
		MUST(close(open(name, O_WRONLY | O_CREAT, 0600)) == 0);
	}
	MUST(symlink("f1", "d/link") == 0);
	s.directory = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.place = open("d", O_PATH);
	s.file = open("d/f1", O_PATH | O_CLOEXEC);
	s.link = open("d/link", O_PATH | O_NOFOLLOW);
	MUST(s.directory >= 0 && s.place >= 0 && s.file >= 0 && s.link >= 0);
	list(&s, 100);
	return subject_use(look, use, &s);
}
