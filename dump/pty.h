/* SPDX-License-Identifier: MIT */
/* What waits in a pseudo-terminal: taken out and put back in one go by the process that has its master. */
#ifndef PIMAGE_DUMP_PTY_H
#define PIMAGE_DUMP_PTY_H

#include "dump/file_table.h"

/*
 * Unread input and output, and whether output is stopped. `slave` is a duplicate of the slave; -1: nobody has it open.
 * What cannot be had without harm becomes a problem.
 */
int pty_queues(struct dump *dump, const struct known_pty *known, const struct dump_fd *master,
	       int slave, struct tty *tty, struct err *err);

#endif
