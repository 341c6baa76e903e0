/* SPDX-License-Identifier: MIT */
#include "format/unix_end.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <fcntl.h>

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
	const struct unix_end *end = state;
	const struct made_object *object = restore_object(restore, KIND_unix_socket, end->socket);
	_cleanup_close_ int fd = object ? fcntl(object->fds[0], F_DUPFD_CLOEXEC, 0) : -1;

	if (fd < 0)
		return err_sys(err, "duplicate unix socket %u", end->socket);
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

const struct file_type_restorer unix_end_type_restorer = { .record = &unix_end_record,
							   .check = check,
							   .open = open_it };
