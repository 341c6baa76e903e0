/* SPDX-License-Identifier: MIT */
/* Small things a process has: umask, working directory, name, timer slack, score, core filter,
 * huge page switch. */
#include "tests/subject/vma.h"

#include <sys/prctl.h>
#include <sys/stat.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void view_proc(struct view *view, const char *name)
{
	char text[512], path[64];

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	read_proc(path, text, sizeof(text));
	view_str(view, name, text);
}

static void look(struct view *view, void *state)
{
	char text[4096];
	mode_t mask = umask(0);

	(void)state;
	umask(mask);
	view_hex(view, "umask", mask);
	MUST(getcwd(text, sizeof(text)));
	view_str(view, "cwd", text);
	MUST(prctl(PR_GET_NAME, text) == 0);
	view_str(view, "name", text);
	view_num(view, "timer slack", prctl(PR_GET_TIMERSLACK));
	view_num(view, "thp disabled", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	view_proc(view, "oom_score_adj");
	view_proc(view, "coredump_filter");
	view_proc(view, "comm");
}

int main(void)
{
	umask(037);
	MUST(mkdir("sub dir\n\xff", 0700) == 0 && chdir("sub dir\n\xff") == 0);
	MUST(prctl(PR_SET_NAME, "na\"me \xfe)\n(") == 0);
	MUST(prctl(PR_SET_TIMERSLACK, 123456) == 0);
	MUST(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	put("/proc/self/oom_score_adj", "555");
	put("/proc/self/coredump_filter", "0x7f");
	return subject_main(look, NULL);
}
