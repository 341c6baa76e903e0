/* SPDX-License-Identifier: MIT */
#include "format/eventfd.h"

#include "dump/file.h"
#include "format/err.h"

#include <string.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return strcmp(fd->link, "anon_inode:[eventfd]") == 0;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct eventfd *eventfd = state;
	uint64_t semaphore;

	if (proc_fdinfo_number(fd->info_text, "eventfd-count", 16, &eventfd->count) < 0)
		return err_set(err, ERR_FAILED, "fdinfo of an eventfd has no eventfd-count");
	if (proc_fdinfo_number(fd->info_text, "eventfd-semaphore", 10, &semaphore) == 0)
		eventfd->semaphore = semaphore != 0;
	else
		/* Only reading would tell, and reading takes from the counter. */
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"this kernel does not tell whether it is a semaphore "
				"(EFD_SEMAPHORE); taken for a plain counter");
	return 0;
}

const struct file_type_dumper eventfd_type_dumper = { &eventfd_record, probe, collect };
