/* SPDX-License-Identifier: MIT */
#include "format/pty_master.h"

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

/* Every opening of /dev/ptmx makes a pair, so there is but one description of its master: the one that made it. */
static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct pty_master *master = state;
	const struct made_object *object = restore_object(restore, KIND_tty, master->tty);
	_cleanup_close_ int fd = fcntl(object->fds[0], F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, "duplicate the master of a pseudo-terminal");
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

const struct file_type_restorer pty_master_type_restorer = { .record = &pty_master_record,
							     .check = check,
							     .open = open_it };
