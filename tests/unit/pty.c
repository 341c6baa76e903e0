/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: numbers, what fits into them, and input that comes in lines. */
#include "kernel/pty.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/termios2.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void test_pieces(void)
{
	size_t done = 0;
	bool boundary = false;

	while (done < PTY_QUEUE_MAX) {
		done += pty_piece(done);
		boundary |= done == PTY_LINE_MAX;
	}
	CHECK(boundary && done == PTY_QUEUE_MAX, "%zu of %d", done, PTY_QUEUE_MAX);
}

static void test_numbers(void)
{
	int devices[] = { 0, 255, 256, 2047 };
	int master = pty_open(0, NULL), other, number;

	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		CHECK(pty_number_of(pty_device((unsigned)devices[i])) == devices[i], "%d",
		      devices[i]);
	CHECK(pty_number_of(5 << 8) < 0, "a device that is no slave");
	CHECK(master >= 0, "no pseudo-terminal");
	number = pty_number(master, NULL);
	other = pty_open((unsigned)number, NULL);
	CHECK(other >= 0 && pty_number(other, NULL) != number, "%d is taken", number);
	close(other);
	close(master);
}

/* Everything that a queue can hold comes out as it went in, and it holds as much if it is filled in two steps. */
static void test_fill(size_t first, bool seasoned)
{
	_cleanup_close_ int master = pty_open(0, NULL);
	_cleanup_close_ int slave = pty_slave(master, O_RDWR | O_NONBLOCK, NULL);
	static uint8_t data[PTY_QUEUE_MAX], found[PTY_QUEUE_MAX];
	struct termios2 now, neutral;
	size_t size, got = 0;
	ssize_t n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	CHECK(fcntl(master, F_SETFL, O_NONBLOCK) == 0 && termios2_get(master, &now, NULL) == 0,
	      "a terminal");
	pty_neutral(&now, false, 0, &neutral);
	CHECK(termios2_set(master, &neutral, NULL) == 0, "settings");
	if (seasoned)
		pty_season(slave, master);
	size = pty_fill(slave, 0, data, first);
	poll(NULL, 0, first ? 20 : 0);
	size += pty_fill(slave, size, data + size, sizeof(data) - size);
	CHECK(size > PTY_LINE_MAX + 16384 + 256 && (!seasoned || size > PTY_FRESH_MAX + 4096),
	      "only %zu bytes fit", size);
	while ((n = read(master, found + got, sizeof(found) - got)) > 0)
		got += (size_t)n;
	CHECK(got == size && memcmp(data, found, size) == 0, "%zu of %zu bytes", got, size);
}

static void test_input(void)
{
	static const uint8_t input[] = "one\nt\xff";
	const uint32_t ends[] = { 0, 4, 6 };
	struct termios2 now = { .c_lflag = ICANON | ECHO }, settings;
	_cleanup_free_ uint8_t *text = NULL;
	uint8_t end;
	size_t size;

	CHECK(pty_input(&now, input, sizeof(input) - 1, ends, 3, false, &settings, &text, &size,
			NULL) == 0,
	      "input");
	end = settings.c_cc[VEOF];
	CHECK(end && end != 0xff && end != '\n', "%d stands for the end of file", end);
	CHECK(size == 9 && text[0] == end && memcmp(text + 1, "one\n", 4) == 0 && text[5] == end &&
		      text[6] == 't' && text[7] == 0xff && text[8] == end,
	      "%zu bytes", size);
	CHECK(settings.c_lflag == ICANON, "0x%x", settings.c_lflag);
}

int main(void)
{
	test_pieces();
	test_input();
	if (access("/dev/ptmx", R_OK | W_OK) == 0) {
		test_numbers();
		test_fill(0, false);
		test_fill(PTY_LINE_MAX, false);
		test_fill(PTY_LINE_MAX, true);
	}
	return test_done("pty");
}
