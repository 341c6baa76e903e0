/* SPDX-License-Identifier: MIT */
#include "format/memfd.h"

#include "restore/descriptors.h"

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	(void)restore;
	(void)file;
	(void)state;
	(void)err;
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct memfd *memfd = state;

	return file_reopen(restore, file,
			   restore_object(restore, KIND_shm, memfd->contents)->fds[0], ret_fd, err);
}

const struct file_type_restorer memfd_type_restorer = { .record = &memfd_record,
							.check = check,
							.open = open_it };
