/* SPDX-License-Identifier: MIT */
/* What a terminal shows: the last output, and the modes that have to be left and entered again. */
#include "restore/screen.h"

#include "tests/unit/test.h"

static void feed(struct screen *screen, const char *text)
{
	screen_feed(screen, text, strlen(text));
}

static void check_modes(const char *output, const char *enter, const char *leave)
{
	struct screen *screen = calloc(1, sizeof(*screen));
	char text[SCREEN_SWITCHES];

	/* A sequence may come in any number of pieces. */
	for (const char *c = output; *c; c++)
		screen_feed(screen, c, 1);
	screen_enter(screen, text);
	CHECK_STR(text, enter);
	screen_leave(screen, text);
	CHECK_STR(text, leave);
	free(screen);
}

static void test_modes(void)
{
	check_modes("", "", "");
	check_modes("plain \033[1;31mred\033[0m \033[2J", "", "");
	check_modes("\033[?1049h", "\033[?1049h", "\033[?1049l");
	check_modes("\033[?1049h\033[?1049l", "", "");
	check_modes("\033[?25l", "\033[?25l", "\033[?25h");
	check_modes("\033[?1000;1006;2004h\033[?2004l", "\033[?1000h\033[?1006h",
		    "\033[?1006l\033[?1000l");
	check_modes("\033=\033[?1h", "\033[?1h\033=", "\033>\033[?1l");
	check_modes("\033[?1049h\033[?25l\033c", "", "");
	/* Not to be taken for one: other parameters, cut off by another sequence, unknown. */
	check_modes("\033[1049h\033[?10\033[49h\033[?12345h\033[?25$p", "", "");
	check_modes("\033\033[?1h", "\033[?1h", "\033[?1l");
	check_modes("\033[?1;2;3;4;5;6;7;8;9;10;11;12;1049h\033[?1h", "\033[?1h", "\033[?1l");
}

static void test_all_modes_fit(void)
{
	check_modes("\033[?1049;1047;47;1;66;25;9h\033[?1000;1002;1003;1005;1006;1015;1004h"
		    "\033[?2004h\033[?7;25l",
		    "\033[?1049h\033[?1047h\033[?47h\033[?1h\033=\033[?25l\033[?9h\033[?1000h"
		    "\033[?1002h\033[?1003h\033[?1005h\033[?1006h\033[?1015h\033[?1004h\033[?2004h"
		    "\033[?7l",
		    "\033[?7h\033[?2004l\033[?1004l\033[?1015l\033[?1006l\033[?1005l\033[?1003l"
		    "\033[?1002l\033[?1000l\033[?9l\033[?25h\033>\033[?1l\033[?47l\033[?1047l"
		    "\033[?1049l");
}

static void test_output(void)
{
	struct screen *screen = calloc(1, sizeof(*screen));
	char *bytes = calloc(1, SCREEN_OUTPUT + 1), line[32];
	size_t size;

	CHECK(screen_output(screen, bytes) == 0);
	feed(screen, "one\r\ntwo\r\n");
	size = screen_output(screen, bytes);
	CHECK(size == 10 && memcmp(bytes, "one\r\ntwo\r\n", 10) == 0);
	/* Much more than it holds: what is left are the last lines, all whole. */
	for (int i = 0; i < 20000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		feed(screen, line);
	}
	size = screen_output(screen, bytes);
	CHECK(size > SCREEN_OUTPUT - 32 && size <= SCREEN_OUTPUT, "%zu", size);
	CHECK(memcmp(bytes, "line ", 5) == 0, "%.20s", bytes);
	CHECK(memcmp(bytes + size - 11, "line 19999\n", 11) == 0);
	/* A line that is longer than all is not left out. */
	for (int i = 0; i < SCREEN_OUTPUT + 5; i++)
		feed(screen, "x");
	size = screen_output(screen, bytes);
	CHECK(size == SCREEN_OUTPUT && bytes[0] == 'x', "%zu", size);
	free(bytes);
	free(screen);
}

int main(void)
{
	test_modes();
	test_all_modes_fit();
	test_output();
	return test_done("screen");
}
