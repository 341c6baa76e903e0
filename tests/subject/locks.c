/* SPDX-License-Identifier: MIT */
/* Locks on files of all three kinds. */
#include "tests/subject/file_view.h"

#include <sys/file.h>
#include <sys/wait.h>

struct state {
	int posix, ofd, whole;
};

static struct flock range(short type, off_t start, off_t length)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length
	};
}

/* What a stranger meets with: asked by a child, whose record locks are its own. */
static char probe(const char *name, off_t at, int whole)
{
	int fd, status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		struct flock lock = range(F_WRLCK, at, 1);

		fd = open(name, O_RDWR);
		if (fd < 0)
			_exit('?');
		if (whole)
			_exit(flock(fd, LOCK_EX | LOCK_NB) == 0 ? '-' : 'l');
		if (fcntl(fd, F_GETLK, &lock) < 0)
			_exit('?');
		_exit(lock.l_type == F_UNLCK ? '-' : lock.l_type == F_WRLCK ? 'w' : 'r');
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return (char)WEXITSTATUS(status);
}

static void look(struct view *view, void *state)
{
	char posix[41] = "", ofd[41] = "", whole[2] = "";

	(void)state;
	for (int i = 0; i < 40; i++) {
		posix[i] = probe("posix", i, 0);
		ofd[i] = probe("ofd", i, 0);
	}
	whole[0] = probe("whole", 0, 1);
	view_str(view, "posix", posix);
	view_str(view, "ofd", ofd);
	view_str(view, "whole", whole);
}

static void use(void *state)
{
	const struct state *s = state;
	struct flock all = range(F_UNLCK, 0, 0);

	MUST(fcntl(s->posix, F_SETLK, &all) == 0 && fcntl(s->ofd, F_OFD_SETLK, &all) == 0);
	MUST(flock(s->whole, LOCK_UN) == 0);
	MUST(probe("posix", 12, 0) == '-' && probe("ofd", 12, 0) == '-');
	MUST(probe("whole", 0, 1) == '-');
}

int main(void)
{
	struct state s = {
		.posix = open("posix", O_RDWR | O_CREAT, 0600),
		.ofd = open("ofd", O_RDWR | O_CREAT, 0600),
		.whole = open("whole", O_RDWR | O_CREAT, 0600),
	};
	struct flock a = range(F_WRLCK, 3, 5), b = range(F_RDLCK, 12, 2), c = range(F_WRLCK, 30, 0);

	MUST(fcntl(s.posix, F_SETLK, &a) == 0 && fcntl(s.posix, F_SETLK, &b) == 0);
	MUST(fcntl(s.posix, F_SETLK, &c) == 0);
	MUST(fcntl(s.ofd, F_OFD_SETLK, &b) == 0 && fcntl(s.ofd, F_OFD_SETLK, &c) == 0);
	MUST(flock(s.whole, LOCK_EX) == 0);
	return subject_use(look, use, &s);
}
