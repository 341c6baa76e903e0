/* SPDX-License-Identifier: MIT */
/*
 * Three processes and two pseudo-terminals that are always full: a child writes numbered lines to one, which the parent, who has both masters,
 * reads slowly; the parent types numbered lines into the other, which a child reads in canonical mode, slowly too. Whoever misses a line or
 * gets one twice says so and all end. Until SIGTERM; then "fine LINES LINES".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_term(int number)
{
	(void)number;
	ended = 1;
}

static void fail(const char *what, const char *expected, const char *found)
{
	printf("failed: %s: expected %s, found %s (errno %d)\n", what, expected, found, errno);
	fflush(stdout);
	kill(0, SIGKILL);
}

static int make(int *ret_master)
{
	struct termios termios;
	int slave;

	*ret_master = posix_openpt(O_RDWR | O_NOCTTY);
	if (*ret_master < 0 || unlockpt(*ret_master) < 0)
		exit(77);
	slave = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	tcgetattr(slave, &termios);
	termios.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(slave, TCSANOW, &termios);
	return slave;
}

static void write_lines(int slave)
{
	for (unsigned i = 0;; i++) {
		char line[32];
		int n = snprintf(line, sizeof(line), "out%08u\n", i);

		for (int done = 0; done < n;) {
			ssize_t more = write(slave, line + done, (size_t)(n - done));

			if (more < 0 && errno != EINTR)
				_exit(1);
			done += more > 0 ? (int)more : 0;
		}
	}
}

static void read_lines(int slave)
{
	for (unsigned i = 0;; i++) {
		char expected[32], line[64];
		ssize_t n;

		snprintf(expected, sizeof(expected), "in%08u\n", i);
		do
			n = read(slave, line, sizeof(line) - 1);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			_exit(1);
		line[n] = '\0';
		if (strcmp(line, expected) != 0)
			fail("a line of input", expected, line);
		if (i % 64 == 0)
			usleep(2000);
	}
}

static void check_output(const char *data, ssize_t n, unsigned *lines, size_t *column)
{
	for (ssize_t i = 0; i < n; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "out%08u\r\n", *lines);
		if (data[i] != expected[*column])
			fail("a line of output", expected, data + i);
		*column += 1;
		if (!expected[*column]) {
			*column = 0;
			*lines += 1;
		}
	}
}

/* As much as there is room for, but for a line that is cut. */
static void type(int master, unsigned *lines, size_t *column)
{
	for (int i = 0; i < 200; i++) {
		char line[32];
		size_t length = (size_t)snprintf(line, sizeof(line), "in%08u\n", *lines);
		ssize_t n = write(master, line + *column, length - *column);

		if (n <= 0)
			return;
		*column += (size_t)n;
		if (*column == length) {
			*column = 0;
			*lines += 1;
		}
	}
}

static void child(int slave, int masters[2], void (*run)(int))
{
	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(masters[0]);
	close(masters[1]);
	run(slave);
}

int main(void)
{
	unsigned out = 0, in = 0;
	size_t out_column = 0, in_column = 0;
	int masters[2], slaves[2];
	char buffer[1024 + 1];

	setpgid(0, 0);
	for (int i = 0; i < 2; i++)
		slaves[i] = make(&masters[i]);
	child(slaves[0], masters, write_lines);
	child(slaves[1], masters, read_lines);
	signal(SIGTERM, on_term);
	fcntl(masters[0], F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(masters[1], F_SETFL, O_RDWR | O_NONBLOCK);
	printf("ready\n");
	fflush(stdout);
	while (!ended) {
		ssize_t n = read(masters[0], buffer, sizeof(buffer) - 1);

		if (n > 0) {
			buffer[n] = '\0';
			check_output(buffer, n, &out, &out_column);
		}
		type(masters[1], &in, &in_column);
		usleep(1000);
	}
	printf("fine %u %u\n", out, in);
	return 0;
}
