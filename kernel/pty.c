/* SPDX-License-Identifier: MIT */
#include "kernel/pty.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/termios2.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Documentation/admin-guide/devices.txt; the slaves have eight majors of 256 numbers each. */
enum { PTMX_MAJOR = 5, PTMX_MINOR = 2, PTS_MAJOR = 136, PTS_MAJORS = 8, PTS_EACH = 256 };

bool pty_is_master(dev_t device)
{
	return device == makedev(PTMX_MAJOR, PTMX_MINOR);
}

int pty_number_of(dev_t device)
{
	if (major(device) < PTS_MAJOR || major(device) >= PTS_MAJOR + PTS_MAJORS)
		return -1;
	return (int)((major(device) - PTS_MAJOR) * PTS_EACH + minor(device));
}

dev_t pty_device(unsigned number)
{
	return makedev(PTS_MAJOR + number / PTS_EACH, number % PTS_EACH);
}

static int open_any(struct err *err)
{
	_cleanup_close_ int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int locked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0)
		return err_sys(err, "make a pseudo-terminal: /dev/ptmx");
	return TAKE_FD(master);
}

int pty_number(int master, struct err *err)
{
	unsigned number;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return err_sys(err, "the number of a pseudo-terminal");
	return (int)number;
}

/* More would keep others from getting one. */
#define TAKEN_MAX 256

int pty_open(unsigned number, struct err *err)
{
	int taken[TAKEN_MAX], n = 0, found = -1;
	int first = open_any(err), now = first < 0 ? -1 : pty_number(first, NULL);

	while (now >= 0 && (unsigned)now < number && n < TAKEN_MAX && number < TAKEN_MAX) {
		found = open_any(NULL);
		now = found < 0 ? -1 : pty_number(found, NULL);
		if (now >= 0 && (unsigned)now == number)
			break;
		if (found >= 0)
			taken[n++] = found;
		found = -1;
	}
	while (n > 0)
		close(taken[--n]);
	if (found < 0)
		return first;
	close(first);
	return found;
}

int pty_slave(int master, int flags, struct err *err)
{
	/* Unlike open(2) this would keep O_CLOEXEC among the flags of the file, for all to see. */
	int slave = ioctl(master, TIOCGPTPEER, (flags & ~O_CLOEXEC) | O_NOCTTY);

	if (slave < 0 || fcntl(slave, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(err, "open the slave of a pseudo-terminal");
	return slave;
}

int pty_get_locks(int master, struct pty_locks *ret_locks, struct err *err)
{
	if (ioctl(master, TIOCGLCKTRMIOS, ret_locks) < 0)
		return err_sys(err, "ask for the locked settings of a terminal");
	return 0;
}

int pty_set_locks(int master, const struct pty_locks *locks, struct err *err)
{
	if (ioctl(master, TIOCSLCKTRMIOS, locks) < 0)
		return err_sys(err, "lock settings of a terminal");
	return 0;
}

bool pty_locks_any(const struct pty_locks *locks)
{
	static const struct pty_locks none;

	return memcmp(locks, &none, sizeof(none)) != 0;
}

/* Under EXTPROC the master's program does the lines: n_tty.c. */
bool pty_canonical(const struct termios2 *now)
{
	return (now->c_lflag & ICANON) && !(now->c_lflag & EXTPROC);
}

void pty_neutral(const struct termios2 *now, bool lines, uint8_t end, struct termios2 *ret_neutral)
{
	struct termios2 neutral = *now;

	/* Without IXON the kernel would start what is stopped. */
	neutral.c_iflag &= IXON;
	neutral.c_oflag = 0;
	/* A change of one of these two would forget where lines end. */
	neutral.c_lflag &= now->c_lflag & EXTPROC ? ICANON | EXTPROC : 0;
	memset(neutral.c_cc, 0, sizeof(neutral.c_cc));
	neutral.c_cc[VMIN] = 1;
	if (lines) {
		neutral.c_lflag = ICANON;
		neutral.c_cc[VEOF] = end;
		neutral.c_cc[VEOL] = now->c_cc[VEOL];
		neutral.c_cc[VEOL2] = now->c_cc[VEOL2];
	}
	*ret_neutral = neutral;
}

/* A byte that can stand for the end of file, because nothing else is that byte; 0: there is none. */
static uint8_t unused_byte(const struct termios2 *now, const uint8_t *input, size_t size)
{
	for (uint8_t byte = 255; byte > 0; byte--)
		if (byte != '\n' && byte != now->c_cc[VEOL] && byte != now->c_cc[VEOL2] &&
		    !memchr(input, byte, size))
			return byte;
	return 0;
}

int pty_input(const struct termios2 *now, const uint8_t *input, size_t size, const uint32_t *ends,
	      size_t n_ends, bool pushed, struct termios2 *ret_settings, uint8_t **ret_text,
	      size_t *ret_size, struct err *err)
{
	uint8_t end = n_ends ? unused_byte(now, input, size) : 0;
	uint8_t *text = malloc(size + n_ends + 1);
	size_t length = 0, k = 0;

	if (!text)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i <= size; i++) {
		for (; end && k < n_ends && ends[k] <= i; k++)
			text[length++] = end;
		if (i < size)
			text[length++] = input[i];
	}
	pty_neutral(now, pty_canonical(now) && !pushed, end, ret_settings);
	*ret_text = text;
	*ret_size = length;
	return 0;
}

/*
 * What waits before the line discipline lies in buffers of 256 bytes and their multiples; how much fits depends on the pieces that it came in. These
 * are the sizes that leave no gap: first exactly what the line discipline takes, then eight buffers full and the largest, then those that are not counted.
 */
size_t pty_piece(size_t done)
{
	const size_t whole = 1792, rest = PTY_LINE_MAX - 2 * whole, half = 1024;

	if (done < 2 * whole)
		return whole - done % whole;
	if (done < PTY_LINE_MAX)
		return rest - (done - 2 * whole);
	if (done < PTY_LINE_MAX + 16 * half)
		return half - (done - PTY_LINE_MAX) % half;
	if (done < PTY_FRESH_MAX)
		return whole - (done - PTY_LINE_MAX - 16 * half) % whole;
	return PTY_SMALL - (done - PTY_FRESH_MAX) % PTY_SMALL;
}

void pty_season(int from, int to)
{
	uint8_t bytes[PTY_SMALL] = { 0 };

	for (int tries = 0; tries < 200 && write(from, bytes, sizeof(bytes)) > 0; tries++)
		;
	/* The kernel moves the rest on while it is read. */
	for (int empty = 0; empty < 3;) {
		if (read(to, bytes, sizeof(bytes)) > 0)
			continue;
		poll(NULL, 0, 1);
		empty++;
	}
}

size_t pty_fill(int fd, size_t before, const uint8_t *data, size_t size)
{
	size_t done = 0;
	bool small = false; /* there is no room for larger ones */
	int tries = 0;

	while (done < size && tries < 200) {
		size_t piece = small ? PTY_SMALL : pty_piece(before + done);
		ssize_t n = write(fd, data + done, MIN(piece, size - done));

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
		if (n <= 0 && !small) {
			small = true;
			continue;
		}
		/* The kernel moves it in the background: drivers/tty/tty_buffer.c, flush_to_ldisc(). */
		if (n <= 0 || (before + done == PTY_LINE_MAX && done < size)) {
			small = false;
			poll(NULL, 0, 1);
			tries++;
		}
	}
	return done;
}
