/* SPDX-License-Identifier: MIT */
#include "format/terminal.h"

#include "dump/file_table.h"

#include <string.h>
#include <sys/sysmacros.h>

/*
 * Only the controlling terminal has a counterpart at restore: prestore's own. The master side of a
 * pseudo-terminal answers for its slave, but is none.
 */
static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	dev_t device;

	(void)dump;
	if (!S_ISCHR(fd->stat.st_mode) || fd->copy < 0)
		return false;
	device = tty_device(fd->copy);
	return device && device == fd->target->stat.tty_nr &&
	       (fd->stat.st_rdev == device || fd->stat.st_rdev == makedev(5, 0));
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct terminal *terminal = state;

	terminal->dev_tty = fd->stat.st_rdev == makedev(5, 0);
	return dump_tty(dump, fd->copy, fd->link, true, &terminal->tty, err);
}

const struct file_type_dumper terminal_type_dumper = { &terminal_record, probe, collect };
