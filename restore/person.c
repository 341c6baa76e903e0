/* SPDX-License-Identifier: MIT */
#include "restore/person.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void person_find(struct person *person, const char *image)
{
	person->in = STDIN_FILENO;
	if (image && strcmp(image, "-") == 0)
		person->in = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	person->terminal = person->in >= 0 && isatty(person->in);
}

static void write_all(const char *bytes, size_t size)
{
	struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };

	while (size) {
		ssize_t n = write(STDOUT_FILENO, bytes, size);

		/* Whoever shares it may have made it not block. */
		if (n < 0 && errno == EAGAIN)
			poll(&out, 1, -1);
		else if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
	}
}

void person_show(struct person *person, const char *bytes, size_t size)
{
	screen_feed(&person->screen, bytes, size);
	write_all(bytes, size);
}

/* A terminal that is not that of our session (ENOTTY) has no foreground; it is ours by having been given to us. */
static bool in_foreground(const struct person *person)
{
	pid_t group = tcgetpgrp(person->in);

	return group < 0 || group == getpgrp();
}

bool person_take(struct person *person)
{
	struct termios raw;
	char text[SCREEN_SWITCHES];

	if (!person->terminal || person->raw || !in_foreground(person) ||
	    tcgetattr(person->in, &person->settings) < 0)
		return false;
	raw = person->settings;
	cfmakeraw(&raw);
	if (tcsetattr(person->in, TCSADRAIN, &raw) < 0)
		return false;
	person->raw = true;
	screen_enter(&person->screen, text);
	write_all(text, strlen(text));
	return true;
}

void person_give_back(struct person *person)
{
	char text[SCREEN_SWITCHES];

	if (!person->raw)
		return;
	screen_leave(&person->screen, text);
	write_all(text, strlen(text));
	if (in_foreground(person))
		tcsetattr(person->in, TCSADRAIN, &person->settings);
	person->raw = false;
}
