/* SPDX-License-Identifier: MIT */
#include "format/eventfd.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <sys/eventfd.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct eventfd *eventfd = state;

	(void)err;
	/* Only the kernel itself can count that far (eventfd_signal), not a write. */
	if (eventfd->count == UINT64_MAX)
		file_problem(restore, file, VERDICT_APPROXIMATED, NULL,
			     "the counter has overflowed; it comes back at its highest value");
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct eventfd *saved = state;
	uint64_t count = saved->count == UINT64_MAX ? UINT64_MAX - 1 : saved->count;
	_cleanup_close_ int fd =
		eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | (saved->semaphore ? EFD_SEMAPHORE : 0));

	if (fd < 0)
		return err_sys(err, "eventfd");
	if (count && write(fd, &count, sizeof(count)) != sizeof(count))
		return err_sys(err, "set an eventfd to %lu", count);
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

const struct file_type_restorer eventfd_type_restorer = { .record = &eventfd_record,
							  .check = check,
							  .open = open_it };
