/* SPDX-License-Identifier: MIT */
#include "format/terminal.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"
#include "restore/tty.h"

#include <fcntl.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	(void)state;
	(void)err;
	if (tty_own(restore) >= 0 || restore->own_terminal)
		return 0;
	if (descriptors_foreign(restore, file))
		file_problem(restore, file, VERDICT_NOTE, NULL,
			     "it was a terminal; prestore has none, so it becomes prestore's own "
			     "input or output");
	else
		file_problem(restore, file, VERDICT_BLOCKING,
			     "run prestore in a terminal, or use --fd N=FILE, N=inherit:M or "
			     "N=null",
			     "it was a terminal, and prestore has none");
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct terminal *terminal = state;
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

const struct file_type_restorer terminal_type_restorer = { .record = &terminal_record,
							   .check = check,
							   .open = open_it };
