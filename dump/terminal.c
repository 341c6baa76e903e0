/* SPDX-License-Identifier: MIT */
#include "format/terminal.h"

#include "dump/file_table.h"
#include "kernel/pty.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

static bool is_dev_tty(const struct dump_fd *fd)
{
	return fd->stat.st_rdev == makedev(5, 0);
}

/* Of what was hung up, tty_io.c in the kernel answers everything with this. */
static bool is_hung_up(const struct dump_fd *fd)
{
	unsigned device;

	return (is_dev_tty(fd) || pty_number_of(fd->stat.st_rdev) >= 0) &&
	       ioctl(fd->copy, TIOCGDEV, &device) < 0 && errno == EIO;
}

/* The slave of a pair whose master is outside is of no use to anybody else; a line or a console is the same tomorrow. */
static bool is_device(const struct dump_fd *fd, dev_t device)
{
	return device && device == fd->stat.st_rdev && pty_number_of(device) < 0 &&
	       !pty_is_master(fd->stat.st_rdev);
}

static bool kind_of(const struct dump *dump, const struct dump_fd *fd, enum tty_kind *ret_kind)
{
	dev_t device = tty_device(fd->copy);

	if (pty_of_slave(dump, fd))
		*ret_kind = TTY_PAIR;
	else if (is_hung_up(fd))
		*ret_kind = TTY_HUNG_UP;
	else if (device && device == tty_of_dump(dump) &&
		 (fd->stat.st_rdev == device || is_dev_tty(fd)))
		*ret_kind = TTY_OUTSIDE;
	else if (is_device(fd, device))
		*ret_kind = TTY_DEVICE;
	else
		return false;
	return true;
}

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	enum tty_kind kind;

	return S_ISCHR(fd->stat.st_mode) && fd->copy >= 0 && fd->same && kind_of(dump, fd, &kind);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct known_pty *pty = pty_of_slave(dump, fd);
	struct terminal *terminal = state;
	enum tty_kind kind;

	terminal->dev_tty = is_dev_tty(fd);
	if (!pty) {
		kind_of(dump, fd, &kind);
		return dump_tty(dump, fd->copy, fd->link, kind, &terminal->tty, err);
	}
	pty->user = fd->target;
	pty->slave_fd = fd->fd;
	return dump_pty(dump, pty, &terminal->tty, err);
}

const struct file_type_dumper terminal_type_dumper = { &terminal_record, probe, collect };
