/* SPDX-License-Identifier: MIT */
#include "format/terminal.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"
#include "restore/pty.h"
#include "restore/tty.h"

#include <fcntl.h>

static const struct tty *tty_of(const struct restore *restore, const struct terminal *terminal)
{
	return IMAGE_GET(&restore->image, tty, terminal->tty, 0);
}

static void check_own(struct restore *restore, const struct file *file)
{
	if (tty_own(restore) >= 0 || restore->own_terminal)
		return;
	if (descriptors_foreign(restore, file))
		file_problem(restore, file, VERDICT_NOTE, NULL,
			     "it was a terminal; prestore has none, so it becomes prestore's own "
			     "input or output");
	else
		file_problem(restore, file, VERDICT_BLOCKING,
			     "run prestore in a terminal, or use --fd N=FILE, N=inherit:M or "
			     "N=null",
			     "it was a terminal, and prestore has none");
}

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct tty *tty = tty_of(restore, state);
	struct stat st;

	(void)err;
	if (tty->kind == TTY_OUTSIDE)
		check_own(restore, file);
	if (tty->kind == TTY_DEVICE)
		file_check_path(restore, file, tty->path, S_IFCHR, &st);
	return 0;
}

static int open_own(struct restore *restore, const struct file *file,
		    const struct terminal *terminal, int *ret_fd, struct err *err)
{
	const char *path = terminal->dev_tty ? "/dev/tty" : restore->descriptors->tty_path;

	if (file_open_path(restore, file, path, S_IFCHR, ret_fd, err) == 0)
		return 0;
	/* The device of a terminal that another user opened (su, sudo): /dev/tty is everybody's. */
	if (file_open_path(restore, file, "/dev/tty", S_IFCHR, ret_fd, err) < 0)
		return -1;
	file_problem(restore, file, VERDICT_APPROXIMATED, NULL,
		     "%s may not be opened: it is /dev/tty now", path);
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct terminal *terminal = state;
	const struct tty *tty = tty_of(restore, terminal);

	if (tty->kind == TTY_OUTSIDE)
		return open_own(restore, file, terminal, ret_fd, err);
	if (tty->kind == TTY_DEVICE)
		return file_open_path(restore, file, tty->path, S_IFCHR, ret_fd, err);
	return pty_open_slave(restore, file, tty, terminal->dev_tty, ret_fd, err);
}

const struct file_type_restorer terminal_type_restorer = { .record = &terminal_record,
							   .check = check,
							   .open = open_it };
