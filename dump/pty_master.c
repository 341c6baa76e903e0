/* SPDX-License-Identifier: MIT */
#include "format/pty_master.h"

#include "dump/file_table.h"

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	return pty_of_master(dump, fd) != NULL;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct pty_master *master = state;

	return dump_pty(dump, pty_of_master(dump, fd), &master->tty, err);
}

const struct file_type_dumper pty_master_type_dumper = { &pty_master_record, probe, collect };
