/* SPDX-License-Identifier: MIT */
/* The list of problems, the progress line, and numbers for people. */
#include "cli/problems.h"
#include "cli/progress.h"

#include "format/cleanup.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static void test_human(void)
{
	static const struct {
		uint64_t value;
		const char *bytes;
		const char *duration;
	} cases[] = {
		{ 0, "0 B", "0 ns" },
		{ 999, "999 B", "999 ns" },
		{ 1024, "1.0 KiB", "1.0 us" },
		{ 1048524, "1023.9 KiB", "1.0 ms" },
		{ 1048575, "1.0 MiB", "1.0 ms" },
		{ 3400000, "3.2 MiB", "3.4 ms" },
		{ 999949999, "953.6 MiB", "999.9 ms" },
		{ 12345678901, "11.5 GiB", "12.3 s" },
		{ 307000000000, "285.9 GiB", "5 min 7 s" },
		{ 11520000000000, "10.5 TiB", "3 h 12 min" },
		{ UINT64_MAX, "16.0 EiB", "5124095 h 34 min" },
	};
	char buffer[HUMAN_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CHECK_STR(human_bytes(cases[i].value, buffer), cases[i].bytes);
		CHECK_STR(human_duration(cases[i].value, buffer), cases[i].duration);
	}
}

static void test_progress_text(void)
{
	struct progress progress = { .what = "saving", .total = 4 << 20 };
	char line[100];

	progress_text(&progress, 1 << 20, 500000000, line, sizeof(line));
	CHECK_STR(line, "saving  1.0 MiB of 4.0 MiB  25 %  2.0 MiB/s");
	progress.total = 0;
	progress_text(&progress, 1 << 20, 0, line, sizeof(line));
	CHECK_STR(line, "saving  1.0 MiB  0 B/s");
	progress_text(&progress, 1 << 20, 0, line, 10);
	CHECK_STR(line, "saving  1");
}

/* Nothing but on a terminal; there it is drawn rarely, and nothing is left in the end. */
static void test_progress_line(void)
{
	struct progress progress = { 0 };
	struct winsize size = { .ws_row = 24, .ws_col = 30 };
	char seen[1000] = "";
	int master, slave;
	size_t length;
	FILE *out;

	progress_end(&progress);
	out = fopen("/dev/null", "w");
	progress_start(&progress, out, "saving", 10);
	CHECK(!progress.out);
	progress_update(&progress, 5);
	progress_end(&progress);
	fclose(out);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || unlockpt(master) < 0) {
		test_skip("cli", "the progress line: no pseudo-terminal");
		return;
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
	out = fdopen(slave, "w");
	progress_start(&progress, out, "saving", 4096);
	progress_update(&progress, 0);
	CHECK(progress.width == 0);
	progress.drawn -= 200000000;
	progress_update(&progress, 2048);
	progress_update(&progress, 4096);
	CHECK(progress.width == 29);
	progress_end(&progress);
	for (length = 0; length < 30 + 31;) {
		ssize_t n = read(master, seen + length, sizeof(seen) - 1 - length);

		if (n <= 0)
			break;
		length += (size_t)n;
	}
	CHECK(strncmp(seen, "\rsaving  2.0 KiB of 4.0 KiB  5", 30) == 0, "%s", seen);
	CHECK(length == 30 + 31 && seen[length - 1] == '\r', "%zu", length);
	fclose(out);
	close(master);
}

static void test_problems(void)
{
	__attribute__((cleanup(problems_done))) struct problems problems = { 0 };
	struct err err = { .code = ERR_IO, .msg = "open /x: no such file" };
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *json = NULL;
	size_t size;
	FILE *out;

	problems_remedy(&problems, "nothing to be remedied");
	CHECK(problems_refuse(&problems, ERR_HOST, &err) == 0 && problems.n_notes == 0);
	problems_add(&problems, VERDICT_NOTE, "pid 1", "is %s", "odd");
	problems_add(&problems, VERDICT_BLOCKING, "pid 42 fd 3 /a\nb", "size %d, found %d", 1, 2);
	problems_remedy(&problems, "wrong");
	problems_remedy(&problems, "use --map=%s", "/a");
	CHECK(!problems_passing(&problems));
	problems_pass(&problems);
	CHECK(problems_passing(&problems));
	problems_add_err(&problems, VERDICT_BLOCKING, "pid 42 fd 4", &err);
	CHECK(!problems_passing(&problems));
	problems_add(&problems, VERDICT_LOST, "pid 1", "lost");
	CHECK(problems_count(&problems, VERDICT_BLOCKING) == 2);
	CHECK(problems_count(&problems, VERDICT_APPROXIMATED) == 0);
	CHECK(problems_refuse(&problems, ERR_HOST, &err) < 0 && err.code == ERR_HOST);
	CHECK_STR(err.msg, "2 problems stand in the way");
	out = open_memstream(&text, &size);
	problems_print(&problems, out);
	fclose(out);
	CHECK_STR(text, "In the way (2):\n"
			"  pid 42 fd 3 /a\\x0ab: size 1, found 2\n"
			"      -> use --map=/a\n"
			"  pid 42 fd 4: open /x: no such file\n"
			"Lost (1):\n"
			"  pid 1: lost\n"
			"Worth knowing (1):\n"
			"  pid 1: is odd\n");
	CHECK(record_check(&problems_record, &err) == 0, "%s", err.msg);
	CHECK(record_encode(&problems_record, &problems, &json, &size, &err) == 0, "%s", err.msg);
	CHECK(strstr(
		json,
		"    {\"verdict\": \"note\", \"object\": \"pid 1\", \"what\": \"is odd\"},\n"));
	CHECK(strstr(json, "\"remedy\": \"use --map=/a\""));
}

int main(void)
{
	test_human();
	test_progress_text();
	test_progress_line();
	test_problems();
	return test_done("cli");
}
