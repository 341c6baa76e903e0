/* SPDX-License-Identifier: MIT */
#include "format/pipe_end.h"

#include "dump/file_table.h"

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	return S_ISFIFO(fd->stat.st_mode) && pipe_is_inside(dump, fd);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct pipe_end *end = state;

	return dump_pipe(dump, fd, &end->pipe, err);
}

const struct file_type_dumper pipe_end_type_dumper = { &pipe_end_record, probe, collect };
