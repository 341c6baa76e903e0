/* SPDX-License-Identifier: MIT */
#include "kernel/pty.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
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
	int slave = ioctl(master, TIOCGPTPEER, flags | O_NOCTTY | O_CLOEXEC);

	return slave < 0 ? err_sys(err, "open the slave of a pseudo-terminal") : slave;
}

/*
 * What waits before the line discipline lies in buffers of 256 bytes and their multiples; how much fits depends on the pieces that it came in. These
 * are the sizes that leave no gap: first exactly what the line discipline takes, then eight buffers full and the largest.
 */
static size_t next_piece(size_t done)
{
	const size_t whole = 1792, rest = PTY_LINE_MAX - 2 * whole, half = 1024;

	if (done < 2 * whole)
		return whole - done % whole;
	if (done < PTY_LINE_MAX)
		return rest - (done - 2 * whole);
	if (done < PTY_LINE_MAX + 16 * half)
		return half - (done - PTY_LINE_MAX) % half;
	return whole;
}

size_t pty_fill(int fd, const uint8_t *data, size_t size)
{
	size_t done = 0;
	int tries = 0;

	while (done < size && tries < 200) {
		size_t piece = MIN(next_piece(done), size - done);
		ssize_t n = write(fd, data + done, piece);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
		if (n > 0)
			done += (size_t)n;
		/* The kernel moves it in the background: drivers/tty/tty_buffer.c, flush_to_ldisc(). */
		if (n <= 0 || done == PTY_LINE_MAX) {
			poll(NULL, 0, 1);
			tries++;
		}
	}
	return done;
}
