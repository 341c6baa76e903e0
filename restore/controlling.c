/* SPDX-License-Identifier: MIT */
#include "restore/controlling.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "restore/canvas.h"
#include "restore/restore.h"
#include "restore/tree.h"

#include <fcntl.h>
#include <sys/ioctl.h>

/* The slave of the terminal that this leader is to have; -1: none, not made here, or it leads nothing here. */
static int slave_of(const struct restore *restore, const struct process *process)
{
	const struct made_object *made = NULL;
	bool root = process->pid == restore->canvases[0].own_pid;

	if (process->session == process->pid &&
	    (root ? restore->root_leads : process->terminal != 0))
		made = restore_object(restore, KIND_tty, process->terminal);
	return made ? made->fds[1] : -1;
}

int controlling_take(struct restore *restore, struct canvas *leader, struct err *err)
{
	int slave = slave_of(restore, IMAGE_GET(&restore->image, process, leader->own_pid, 0));

	if (slave < 0)
		return 0;
	return CANVAS_CALL(leader, err, ioctl, (uint64_t)slave, TIOCSCTTY, 0) < 0 ? -1 : 0;
}

static struct canvas *foreground_of(const struct restore *restore, const struct process *leader)
{
	IMAGE_EACH (&restore->image, process, process)
		if (process->foreground && process->session == leader->pid &&
		    process->terminal == leader->terminal)
			return tree_canvas(restore, process->pid);
	return NULL;
}

/* In the process, by /dev/tty: what it had inherited is closed by now. */
static int tell(struct canvas *canvas, unsigned long request, pid_t group, struct err *err)
{
	_cleanup_batch_ struct remote_batch *open = remote_batch_new(&canvas->remote);
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	static const char path[] = "/dev/tty";
	uint64_t fd;

	remote_push(open, REMOTE_CALL(openat, (uint64_t)AT_FDCWD,
				      remote_data(open, path, sizeof(path)), O_RDWR | O_CLOEXEC));
	if (canvas_run_all(canvas, open, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	fd = (uint64_t)remote_result(open, 0);
	remote_push(batch,
		    REMOTE_CALL(ioctl, fd, request, remote_data(batch, &group, sizeof(group))));
	remote_push(batch, REMOTE_CALL(close, fd));
	if (canvas_run_all(canvas, batch, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return 0;
}

static int give(struct canvas *leader, struct canvas *member, struct err *err)
{
	int64_t group = CANVAS_CALL(member, err, getpgid, 0);

	return group < 0 ? -1 : tell(leader, TIOCSPGRP, (pid_t)group, err);
}

/* Whoever is born into the session has the terminal; some had given it up. */
static int give_up(struct restore *restore, const struct process *leader, struct err *err)
{
	IMAGE_EACH (&restore->image, process, process)
		if (process->session == leader->pid && !process->terminal &&
		    tell(tree_canvas(restore, process->pid), TIOCNOTTY, 0, err) < 0)
			return -1;
	return 0;
}

int controlling_foreground(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *leader = &restore->canvases[i];
		const struct process *process =
			IMAGE_GET(&restore->image, process, leader->own_pid, 0);
		struct canvas *member;

		if (slave_of(restore, process) < 0)
			continue;
		member = foreground_of(restore, process);
		/* A leader that had none has it by --pty, and so have all who are born to it. */
		if ((member && give(leader, member, err) < 0) ||
		    (process->terminal && give_up(restore, process, err) < 0))
			return -1;
	}
	return 0;
}
