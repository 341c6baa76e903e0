/* SPDX-License-Identifier: MIT */
/* Files whose name is gone: several descriptions, read-only and write-only ones, holes, O_TMPFILE. */
#include "tests/subject/file_view.h"

#define HOLE (3L << 20)

struct state {
	int file, reader, writer, tmpfile, readonly, directory;
};

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	char text[16] = "", far[16] = "", hole[64];
	struct stat st;

	view_fd(view, "file", s->file);
	view_fd(view, "reader", s->reader);
	view_fd(view, "writer", s->writer);
	view_fd(view, "tmpfile", s->tmpfile);
	view_fd(view, "readonly", s->readonly);
	MUST(pread(s->file, text, 5, 0) == 5 && pread(s->reader, far, 4, HOLE) == 4);
	view_str(view, "start", text);
	view_str(view, "end", far);
	MUST(pread(s->file, hole, sizeof(hole), HOLE / 2) == sizeof(hole));
	view_bytes(view, "hole", hole, sizeof(hole));
	MUST(fstat(s->file, &st) == 0);
	view_bool(view, "sparse", st.st_blocks * 512 < HOLE / 2);
	memset(text, 0, sizeof(text));
	MUST(pread(s->tmpfile, text, 7, 0) == 7);
	view_str(view, "tmpfile.text", text);
}

static void use(void *state)
{
	const struct state *s = state;
	char text[8] = "", path[64];
	struct stat a, b;

	MUST(fstat(s->file, &a) == 0 && fstat(s->writer, &b) == 0 && a.st_ino == b.st_ino);
	MUST(pwrite(s->writer, "HELLO", 5, 0) == 5 && pread(s->reader, text, 5, 0) == 5);
	MUST(strcmp(text, "HELLO") == 0);
	MUST(write(s->readonly, "x", 1) < 0 && errno == EBADF);
	/*
	 * What O_TMPFILE made can be given a name. By a descriptor of the directory, which is of the
	 * same mount namespace as the file: restored in a namespace of its own, "." is not.
	 */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->tmpfile);
	MUST(linkat(AT_FDCWD, path, s->directory, "named", AT_SYMLINK_FOLLOW) == 0);
}

int main(void)
{
	struct state s = { .file = open("file", O_RDWR | O_CREAT, 0600) };
	int writer = open("secret", O_WRONLY | O_CREAT, 0400);

	MUST(s.file >= 0 && pwrite(s.file, "hello", 5, 0) == 5);
	MUST(pwrite(s.file, "last", 4, HOLE) == 4);
	s.reader = open("file", O_RDONLY);
	s.writer = open("file", O_WRONLY | O_NONBLOCK);
	MUST(lseek(s.reader, 77, SEEK_SET) == 77 && unlink("file") == 0);
	MUST(write(writer, "s", 1) == 1);
	s.readonly = open("secret", O_RDONLY);
	MUST(s.readonly >= 0 && close(writer) == 0 && unlink("secret") == 0);
	s.tmpfile = open(".", O_TMPFILE | O_RDWR, 0644);
	if (s.tmpfile < 0)
		subject_skip("this file system has no O_TMPFILE");
	MUST(write(s.tmpfile, "nowhere", 7) == 7);
	s.directory = open(".", O_RDONLY | O_DIRECTORY);
	MUST(s.directory >= 0);
	return subject_use(look, use, &s);
}
