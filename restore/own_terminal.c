/* SPDX-License-Identifier: MIT */
#include "restore/own_terminal.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/pimage.h"
#include "format/process.h"
#include "format/terminal.h"
#include "format/tty.h"
#include "kernel/pty.h"
#include "restore/attachable.h"
#include "restore/descriptors.h"
#include "restore/tty.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Pairs of the image come back by themselves. */
static bool needs_terminal(const struct restore *restore)
{
	const struct tty *tty = tty_controlling(restore);

	IMAGE_EACH (&restore->image, file, file) {
		const struct terminal *terminal = file->type.state;

		if (tty && file->type.type == &terminal_record && terminal->tty == tty->id &&
		    descriptors_use(restore, file->id)->needed)
			return true;
	}
	return false;
}

int own_terminal_choose(struct restore *restore, struct err *err)
{
	const struct restore_options *options = restore->options;
	struct err why;

	if (!descriptors_of(restore, err))
		return -1;
	restore->own_terminal =
		options->pty == PTY_YES ||
		(options->pty == PTY_AUTO && (options->detach || tty_own(restore) < 0) &&
		 needs_terminal(restore));
	if (restore->own_terminal && !options->plan && attachable_prepare(&why) < 0)
		problems_add_err(&restore->problems, VERDICT_BLOCKING, "terminal", &why);
	if (restore->own_terminal && options->plan)
		problems_add(&restore->problems, VERDICT_NOTE, "terminal",
			     "it gets a new one, to which prestore --attach returns");
	return 0;
}

static const struct process *root_of(const struct restore *restore)
{
	return IMAGE_GET(&restore->image, process, IMAGE_GET(&restore->image, pimage, 0, 0)->root,
			 0);
}

/* The one of the image that it stands for; 0: there was none. */
static uint32_t saved_terminal(const struct restore *restore)
{
	const struct tty *tty = tty_controlling(restore);

	return tty ? tty->id : 0;
}

/* The window that a person is looking at; else the saved one, which a new pair has already. */
static int set_window(const struct restore *restore, int own, int master, struct err *err)
{
	const struct tty *tty = tty_controlling(restore);
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	const int fds[] = { 0, 1, 2, own };
	bool found = tty && tty->rows && tty->columns;

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		struct winsize seen;

		if (fds[i] < 0 || ioctl(fds[i], TIOCGWINSZ, &seen) < 0 || !seen.ws_row)
			continue;
		size = seen;
		found = false;
		break;
	}
	return found || ioctl(master, TIOCSWINSZ, &size) == 0
		       ? 0
		       : err_sys(err, "set the size of the new terminal's window");
}

static int make_pair(const struct restore *restore, int *ret_master, int *ret_slave,
		     struct err *err)
{
	const struct tty *tty = tty_controlling(restore);
	_cleanup_close_ int master = -1;

	if (tty)
		return tty_make_pair(tty, ret_master, ret_slave, err);
	master = pty_open(0, err);
	if (master < 0)
		return -1;
	*ret_slave = pty_slave(master, O_RDWR, err);
	if (*ret_slave < 0)
		return -1;
	*ret_master = TAKE_FD(master);
	return 0;
}

/* So that canvases inherit it, and leaders find it as theirs: restore/controlling.h. */
static int offer(struct restore *restore, int slave, struct err *err)
{
	int fd = fcntl(slave, F_DUPFD_CLOEXEC, restore->base);
	struct made_object *made;

	if (fd < 0)
		return err_sys(err, "duplicate the terminal");
	fd = restore_keep_fd(restore, fd, err);
	made = fd < 0 ? NULL : LIST_ADD(restore, objects, err);
	if (!made) {
		cleanup_close(&fd);
		return -1;
	}
	*made = (struct made_object){ KIND_tty, saved_terminal(restore), { -1, fd }, { false } };
	return 0;
}

int own_terminal_make(struct restore *restore, struct err *err)
{
	struct restore_descriptors *d = restore->descriptors;
	_cleanup_close_ int master = -1, own = TAKE_FD(d->tty), slave = -1;
	int number;

	if (make_pair(restore, &master, &slave, err) < 0 ||
	    set_window(restore, own, master, err) < 0)
		return -1;
	number = pty_number(master, err);
	if (number < 0)
		return -1;
	snprintf(d->tty_path, sizeof(d->tty_path), "/dev/pts/%d", number);
	/* As login does: who gets it may be another user. */
	if (geteuid() == 0 && fchown(slave, root_of(restore)->credentials.uids.real, (gid_t)-1) < 0)
		return err_sys(err, "cannot give %s to its user", d->tty_path);
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0 || setsid() < 0 ||
	    ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(err, "cannot make a session on the new terminal %s", d->tty_path);
	d->tty = TAKE_FD(slave);
	d->tty_sought = true;
	return offer(restore, d->tty, err) < 0 ? -1 : TAKE_FD(master);
}

static bool has_leader(const struct restore *restore)
{
	uint32_t id = saved_terminal(restore);

	if (!id)
		return restore->root_leads;
	IMAGE_EACH (&restore->image, process, process)
		if (process->session == process->pid && process->terminal == id)
			return true;
	return false;
}

void own_terminal_hand_over(struct restore *restore)
{
	restore->root_leads = root_of(restore)->session == root_of(restore)->pid;
	if (!has_leader(restore))
		return;
	/* tty_ioctl(4): who had it in the foreground gets SIGHUP and SIGCONT. That is us, and they are blocked: setting a disposition forgets them. */
	ioctl(restore->descriptors->tty, TIOCNOTTY);
	signal(SIGHUP, SIG_IGN);
	signal(SIGHUP, SIG_DFL);
	signal(SIGCONT, SIG_DFL);
}
