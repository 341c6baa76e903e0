/* SPDX-License-Identifier: MIT */
#include "format/signalfd.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	(void)restore;
	(void)file;
	(void)state;
	(void)err;
	return 0;
}

/* Whose signals it reads is who reads it. The C library's function knows no signals of its own use. */
static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct signalfd *saved = state;
	_cleanup_close_ int fd =
		(int)syscall(SYS_signalfd4, -1, &saved->mask, sizeof(saved->mask), O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "signalfd4");
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

const struct file_type_restorer signalfd_type_restorer = {
	.record = &signalfd_record,
	.check = check,
	.open = open_it,
};
