/* SPDX-License-Identifier: MIT */
/* Descriptors whose other end is outside, or that no other type takes. */
#include "format/external.h"

#include "dump/describe.h"
#include "dump/file_table.h"
#include "format/err.h"

#include <string.h>
#include <sys/ioctl.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	(void)fd;
	return true;
}

/* What was written for the process and not read yet stays where it is. */
static void note_unread(struct dump *dump, const struct dump_fd *fd)
{
	int bytes = 0;

	if (S_ISFIFO(fd->stat.st_mode) && fd->same && (fd->info.flags & 3) != 1 &&
	    ioctl(fd->copy, FIONREAD, &bytes) == 0 && bytes > 0)
		dump_fd_problem(dump, fd, VERDICT_LOST, NULL,
				"%d bytes that are in the pipe and not read yet", bytes);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct external *external = state;
	const char *outside;
	char what[256];

	external->what = strdup(fd->link);
	if (!external->what)
		return err_sys(err, "out of memory");
	outside = unix_is_one(fd) ? unix_outside(dump, fd) : NULL;
	if (outside)
		snprintf(what, sizeof(what), "%s", outside);
	else
		describe_fd(fd, what, sizeof(what));
	if (fd->fd > 2 && !dump->settings.externals)
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"pdump --external saves it as something that ends outside, and "
				"prestore --fd says what it becomes",
				"%s", what);
	note_unread(dump, fd);
	return 0;
}

const struct file_type_dumper external_type_dumper = { &external_record, probe, collect };
