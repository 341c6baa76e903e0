/* SPDX-License-Identifier: MIT */
#include "format/signalfd.h"

#include "dump/file.h"
#include "format/err.h"

#include <string.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return strcmp(fd->link, "anon_inode:[signalfd]") == 0;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct signalfd *signalfd = state;

	(void)dump;
	if (proc_fdinfo_number(fd->info_text, "sigmask", 16, &signalfd->mask) < 0)
		return err_set(err, ERR_FAILED, "fdinfo of a signalfd has no sigmask");
	return 0;
}

const struct file_type_dumper signalfd_type_dumper = { &signalfd_record, probe, collect };
