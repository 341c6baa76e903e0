/* SPDX-License-Identifier: MIT */
/* What a process sees of one of its descriptors. */
#ifndef PIMAGE_TESTS_FILE_VIEW_H
#define PIMAGE_TESTS_FILE_VIEW_H

#include "tests/subject/subject.h"

#include <fcntl.h>
#include <sys/stat.h>

/* The name that /proc shows, without numbers of the kernel that change (pipe:[1], #1). */
static inline void view_link(struct view *view, const char *key, int fd)
{
	char path[64], link[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link));
	MUST(n > 0 && (size_t)n < sizeof(link));
	for (ssize_t i = 0; i + 1 < n; i++)
		if ((link[i] == '[' || link[i] == '#') && link[i + 1] >= '0' && link[i + 1] <= '9')
			n = i + 1;
	view_bytes(view, key, link, (size_t)n);
}

/* Name, flags of the descriptor and of the description, position, type and permissions. */
static inline void view_fd(struct view *view, const char *name, int fd)
{
	struct stat st;
	char key[64];

#define FILE_KEY(what) (snprintf(key, sizeof(key), "%s.%s", name, what), key)
	MUST(fstat(fd, &st) == 0);
	view_link(view, FILE_KEY("link"), fd);
	view_num(view, FILE_KEY("cloexec"), fcntl(fd, F_GETFD));
	view_hex(view, FILE_KEY("flags"), (unsigned)fcntl(fd, F_GETFL));
	view_num(view, FILE_KEY("offset"), (long long)lseek(fd, 0, SEEK_CUR));
	view_hex(view, FILE_KEY("mode"), st.st_mode);
	view_num(view, FILE_KEY("links"), (long long)(S_ISDIR(st.st_mode) ? 0 : st.st_nlink));
	view_num(view, FILE_KEY("size"), (long long)(S_ISDIR(st.st_mode) ? 0 : st.st_size));
#undef FILE_KEY
}

/* The usual course, with something to do after the second view: what was restored must work. */
static inline int subject_use(look_fn *look, void (*use)(void *state), void *state)
{
	subject_block();
	subject_show(look, state);
	subject_wait();
	subject_show(look, state);
	use(state);
	subject_say("done");
	return 0;
}

#endif
