/* SPDX-License-Identifier: MIT */
/* What ps(1) and /proc show: mappings, command line, environment, auxiliary vector, marks of the
 * layout. */
#include "tests/subject/vma.h"

#include <sys/auxv.h>

/* Fields of proc_pid_stat(5) that do not move: flags of exit, layout. */
static const int fields[] = { 26, 27, 28, 38, 45, 46, 47, 48, 49, 50, 51 };

static void view_stat(struct view *view)
{
	static char text[2048];
	char key[16], *at;
	int number = 3;

	read_proc("/proc/self/stat", text, sizeof(text));
	at = strrchr(text, ')') + 2;
	for (at = strtok(at, " \n"); at; at = strtok(NULL, " \n"), number++)
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (fields[i] == number) {
				snprintf(key, sizeof(key), "stat %d", number);
				view_str(view, key, at);
			}
}

static void view_file(struct view *view, const char *name)
{
	static char text[16384];
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	size = read_proc(path, text, sizeof(text));
	view_bytes(view, name, text, size);
}

static void look(struct view *view, void *state)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	MUST(n > 0);
	view_bytes(view, "exe", exe, (size_t)n);
	view_file(view, "cmdline");
	view_file(view, "comm");
	view_file(view, "environ");
	view_file(view, "auxv");
	view_file(view, "maps");
	view_stat(view);
	view_hex(view, "vdso", getauxval(AT_SYSINFO_EHDR));
	view_str(view, "argv", ((char **)state)[0]);
}

int main(int argc, char **argv)
{
	(void)argc;
	/* The first read of maps may grow the stack: do it once before it counts. */
	struct view scratch = { .length = 0 };

	look(&scratch, argv);
	/* As setproctitle(3) does: the command line is read from memory. */
	argv[0][0] = '=';
	return subject_main(look, argv);
}
