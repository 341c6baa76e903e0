/* SPDX-License-Identifier: MIT */
#include "format/unix_end.h"

#include "dump/file_table.h"

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	const char *why;

	return unix_is_one(fd) && fd->same && unix_place(dump, fd, &why) == UNIX_INSIDE;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct unix_end *end = state;

	return dump_unix(dump, fd, &end->socket, err);
}

const struct file_type_dumper unix_end_type_dumper = { &unix_end_record, probe, collect };
