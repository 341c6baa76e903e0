/* SPDX-License-Identifier: MIT */
/* What pinspect shows: the views of an image with hostile names in it, and the manual. */
#include "inspect/inspect.h"

#include "tests/images/maker.h"
#include "tests/unit/test.h"

#include <ctype.h>
#include <sys/mman.h>

struct view_test {
	const char *name;
	view_fn *print;
	const char *expected[8]; /* all of these stand in the output */
};

static const struct view_test view_tests[] = {
	{ "summary",
	  summary_print,
	  { "1 process, 2 threads", "counter --to 1000000 'it'\\''s \\x1b[31mred\\xff'",
	    "anonymous     3  520 KiB  32 KiB", "in the foreground of terminal 1", "2 pipe_end",
	    "nanosleep begins anew", "threads: counter, worker" } },
	{ "maps",
	  maps_print,
	  { "402000-404000              rw-p", "no_reserve hugepage guard", "(heap)", "(stack)",
	    "(shm 1, memfd)", "/home/user/counter", "[vvar]" } },
	{ "fds",
	  fds_print,
	  { " 3     1  regular    read_write    4711  close_on_exec O_APPEND", "pipe 1",
	    "count 0xfffffffffffffffe semaphore", "/home/user/old (data) (deleted; shm 3)" } },
	{ "signals",
	  signals_print,
	  { "SIGINT   0x401200", "SIGRT34", "42        0  SIGHUP SIGRT40", "43        1  -" } },
	{ "threads", threads_print, { "thread 43", "rip", "0x7f0000100f00", "IOPRIO_CLASS_BE" } },
	{ "env", env_print, { "  counter\n  --to\n", "HOME=/home/user", "TERM=\\x1b[0m" } },
	{ "json", json_print, { "\"processes/42/threads/43.json\": {", "\"umask\": 18" } },
};

/* Sequences that terminals obey, in names of every kind. */
static const struct {
	const char *entry, *from;
} hostile[] = {
	{ "pimage.json", "\"name\": \"box" },
	{ "pimage.json", "\"tool\": \"pdump" },
	{ "pimage.json", "\"object\": \"" },
	{ "pimage.json", "\"arch\": \"" },
	{ "processes/42/process.json", "\"cwd\": \"" },
	{ "processes/42/process.json", "\"path\": \"" },
	{ "processes/42/process.json", "\"--to" },
	{ "processes/42/memory.json", "\"name\": \"arena" },
	{ "processes/42/memory.json", "\"path\": \"" },
	{ "processes/42/threads/42.json", "\"name\": \"" },
	{ "files/1.json", "\"path\": \"" },
	{ "files/7.json", "\"path\": \"" },
	{ "files/11.json", "\"what\": \"" },
	{ "ttys/1.json", "\"path\": \"" },
	{ "shm/1.json", "\"name\": \"" },
};

static void poison(struct maker *maker)
{
	/* Of at most 15 bytes. */
	maker_replace(maker, "processes/42/threads/42.json", "\"name\": \"counter", "\"name\": \"");
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		char to[100];

		snprintf(to, sizeof(to), "%s\\\\x1b]0;x\\\\x07\\\\x9b\\\\x0a\\\\xc2\\\\x9b\\\\x7f",
			 hostile[i].from);
		maker_replace(maker, hostile[i].entry, hostile[i].from, to);
	}
}

static int open_made(bool poisoned, const struct inspect_options *options, char *path, int *ret_fd,
		     struct inspect *ret_inspect)
{
	struct maker maker;
	struct err err = { 0 };

	maker_load(&maker);
	if (poisoned)
		poison(&maker);
	*ret_fd = memfd_create("image", 0);
	CHECK(maker_write(&maker, *ret_fd, &err) == 0, "%s", err.msg);
	maker_done(&maker);
	sprintf(path, "/proc/self/fd/%d", *ret_fd);
	if (inspect_open(path, options, true, ret_inspect, &err) == 0)
		return 0;
	CHECK(false, "%s", err.msg);
	return -1;
}

static char *print(const struct view_test *test, struct inspect *inspect)
{
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK(test->print(inspect, out, &err) == 0, "%s: %s", test->name, err.msg);
	fclose(out);
	CHECK(strlen(text) == size, "%s has a zero byte", test->name);
	return text;
}

static void check_views(bool poisoned)
{
	static const struct inspect_options options = { 0 };
	struct inspect inspect;
	char path[64];
	int fd;

	if (open_made(poisoned, &options, path, &fd, &inspect) < 0)
		return;
	for (size_t i = 0; i < sizeof(view_tests) / sizeof(*view_tests); i++) {
		char *text = print(&view_tests[i], &inspect);

		for (const char *const *e = view_tests[i].expected; !poisoned && *e; e++)
			CHECK(strstr(text, *e), "%s lacks \"%s\":\n%s", view_tests[i].name, *e,
			      text);
		for (const char *at = text; *at; at++)
			CHECK(*at == '\n' || (!iscntrl((unsigned char)*at) && *at != '\x9b'),
			      "%s: byte 0x%02x after \"%.*s\"", view_tests[i].name,
			      (unsigned char)*at, (int)(at - text < 20 ? at - text : 20),
			      at - (at - text < 20 ? at - text : 20));
		free(text);
	}
	inspect_done(&inspect);
	close(fd);
}

static void check_pid(void)
{
	static const struct inspect_options options = { .pid = 41 };
	char path[64], *arguments[] = { path, NULL };
	struct inspect inspect;
	struct err err = { 0 };
	uint32_t pid;
	int fd;

	if (open_made(false, &options, path, &fd, &inspect) < 0)
		return;
	CHECK(inspect_process(&inspect, &pid, &err) < 0 && err.code == ERR_USAGE &&
	      strstr(err.msg, "41"));
	CHECK(inspect_views(&options, 1, arguments, &err) < 0 && err.code == ERR_USAGE);
	inspect_done(&inspect);
	close(fd);
}

static void check_manual(void)
{
	size_t size;
	char *manual = maker_file("inspect/pinspect.1", &size);
	struct err err = { 0 };

	CHECK(options_check_manual(&inspect_program, manual, &err) == 0, "%s", err.msg);
	free(manual);
}

int main(void)
{
	check_views(false);
	check_views(true);
	check_pid();
	check_manual();
	return test_done("inspect");
}
