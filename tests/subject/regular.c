/* SPDX-License-Identifier: MIT */
/* Regular files: access modes, append, positions, one description under two descriptors, two of one
 * file. */
#include "tests/subject/file_view.h"

#define TEXT "0123456789"

struct state {
	int both, duplicate, append, writer, reader, sync, far;
};

static int make(const char *name, int flags)
{
	int fd = open(name, flags | O_CREAT, 0640);

	MUST(fd >= 0);
	if ((flags & O_ACCMODE) != O_RDONLY)
		MUST(write(fd, TEXT, 10) == 10);
	return fd;
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;

	view_fd(view, "both", s->both);
	view_fd(view, "duplicate", s->duplicate);
	view_fd(view, "append", s->append);
	view_fd(view, "writer", s->writer);
	view_fd(view, "reader", s->reader);
	view_fd(view, "sync", s->sync);
	view_fd(view, "far", s->far);
}

static void use(void *state)
{
	const struct state *s = state;
	char text[32] = "";

	/* The duplicate shares the position, the reader has its own. */
	MUST(lseek(s->both, 7, SEEK_SET) == 7 && lseek(s->duplicate, 0, SEEK_CUR) == 7);
	MUST(lseek(s->reader, 0, SEEK_CUR) == 4);
	MUST(write(s->both, "X", 1) == 1 && pread(s->reader, text, 10, 0) == 10);
	MUST(strcmp(text, "0123456X89") == 0);
	MUST(write(s->reader, "x", 1) < 0 && errno == EBADF);
	MUST(read(s->writer, text, 1) < 0 && errno == EBADF);
	MUST(lseek(s->append, 0, SEEK_SET) == 0 && write(s->append, "end", 3) == 3);
	MUST(lseek(s->append, 0, SEEK_CUR) == 13);
	MUST(write(s->far, "x", 1) == 1 && lseek(s->far, 0, SEEK_END) == (5L << 30) + 1);
}

int main(void)
{
	struct state s = {
		.both = make("both", O_RDWR | O_TRUNC),
		.append = make("append", O_RDWR | O_APPEND | O_CLOEXEC),
		.writer = make("writer", O_WRONLY | O_NONBLOCK),
		.sync = make("sync", O_RDWR | O_DSYNC | O_NOFOLLOW),
		.far = make("far", O_RDWR),
	};

	s.duplicate = fcntl(s.both, F_DUPFD_CLOEXEC, 100);
	s.reader = make("both", O_RDONLY);
	MUST(lseek(s.both, 5, SEEK_SET) == 5 && lseek(s.reader, 4, SEEK_SET) == 4);
	MUST(lseek(s.far, 5L << 30, SEEK_SET) == 5L << 30);
	return subject_use(look, use, &s);
}
