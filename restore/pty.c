/* SPDX-License-Identifier: MIT */
#include "restore/pty.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/pimage.h"
#include "format/process.h"
#include "kernel/pty.h"
#include "restore/descriptors.h"
#include "restore/tty.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void problem(struct restore *restore, const struct tty *tty, enum verdict verdict,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void problem(struct restore *restore, const struct tty *tty, enum verdict verdict,
		    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	problems_add(&restore->problems, verdict, tty->path, "%s", text);
}

/* The root stays in the session of a prestore that waits for it. */
static void check_root(struct restore *restore, const struct tty *tty)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	const struct process *root = IMAGE_GET(&restore->image, process, pimage->root, 0);

	if (restore->options->detach || root->terminal != tty->id || root->session != root->pid)
		return;
	problem(restore, tty, VERDICT_APPROXIMATED,
		"it is not the controlling terminal of its session any more");
	problems_remedy(&restore->problems, "--detach");
}

void pty_check(struct restore *restore, const struct tty *tty)
{
	check_root(restore, tty);
	if (access("/dev/ptmx", R_OK | W_OK) == 0)
		return;
	problem(restore, tty, VERDICT_BLOCKING,
		"/dev/ptmx, which makes pseudo-terminals, cannot be opened here: %s",
		strerror(errno));
	problems_remedy(&restore->problems, "mount devpts at /dev/pts, mode=666 for /dev/ptmx");
}

/* What the program had written and nobody has read. */
static int fill_output(struct restore *restore, const struct tty *tty, const int ends[2],
		       struct err *err)
{
	const struct bytes *output = &tty->pair->output;
	struct termios2 now, neutral;
	size_t done;

	if (!output->size)
		return 0;
	if (termios2_get(ends[0], &now, err) < 0)
		return -1;
	pty_neutral(&now, false, 0, &neutral);
	if (termios2_set(ends[0], &neutral, err) < 0)
		return -1;
	if (output->size > PTY_FRESH_MAX)
		pty_season(ends[1], ends[0]);
	done = pty_fill(ends[1], 0, output->data, output->size);
	if (done < output->size)
		problem(restore, tty, VERDICT_LOST,
			"the last %zu of %zu bytes of output do not fit into a terminal of this "
			"kernel",
			output->size - done, output->size);
	return termios2_set(ends[0], &now, err);
}

/* The kernel looks at input in the background, under the settings of that moment. */
static void await_input(int slave, int milliseconds)
{
	struct pollfd poller = { .fd = slave, .events = POLLIN };

	poll(&poller, 1, 0);
	poll(NULL, 0, milliseconds);
}

/* The slave is in raw mode for it, before it has its input. */
static int season_input(const struct tty_pair *pair, const int ends[2], const struct termios2 *now,
			struct err *err)
{
	struct termios2 raw;

	if (pair->input.size + pair->n_ends + pair->unprocessed.size <= PTY_FRESH_MAX)
		return 0;
	pty_neutral(now, false, 0, &raw);
	if (termios2_set(ends[0], &raw, err) < 0)
		return -1;
	pty_season(ends[0], ends[1]);
	return 0;
}

/* What was typed and nobody has read; and as if from then on, what is behind it. */
static int fill_input(struct restore *restore, const struct tty *tty, const int ends[2],
		      struct err *err)
{
	const struct tty_pair *pair = tty->pair;
	_cleanup_free_ uint8_t *text = NULL;
	struct termios2 now, settings;
	size_t size, done;

	if (!pair->input.size && !pair->n_ends && !pair->unprocessed.size)
		return 0;
	if (termios2_get(ends[0], &now, err) < 0 || season_input(pair, ends, &now, err) < 0 ||
	    pty_input(&now, pair->input.data, pair->input.size, pair->ends, pair->n_ends,
		      pair->pushed, &settings, &text, &size, err) < 0 ||
	    termios2_set(ends[0], &settings, err) < 0)
		return -1;
	done = pty_fill(ends[0], 0, text, size);
	/* What comes behind a full line discipline has room only when that has taken all of it. */
	await_input(ends[1], !size ? 0 : pair->unprocessed.size ? 20 : 3);
	if (termios2_set(ends[0], &now, err) < 0)
		return -1;
	size += pair->unprocessed.size;
	/* It lies behind a line discipline that is full, or fills that first. */
	done += pty_fill(ends[0], done, pair->unprocessed.data, pair->unprocessed.size);
	if (done < size)
		problem(restore, tty, VERDICT_LOST,
			"the last %zu of %zu bytes of input do not fit into a terminal of this "
			"kernel",
			size - done, size);
	return 0;
}

static int set_mode(const struct tty *tty, int slave, struct err *err)
{
	if (!tty->pair->mode || fchmod(slave, (mode_t)tty->pair->mode & 0777) == 0)
		return 0;
	return err_sys(err, "set the permissions of a terminal");
}

static int fill(struct restore *restore, const struct tty *tty, const int ends[2], struct err *err)
{
	if (fcntl(ends[0], F_SETFL, O_RDWR | O_NONBLOCK) < 0 ||
	    fcntl(ends[1], F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_sys(err, "F_SETFL");
	if (fill_output(restore, tty, ends, err) < 0 || fill_input(restore, tty, ends, err) < 0 ||
	    set_mode(tty, ends[1], err) < 0)
		return -1;
	return fcntl(ends[0], F_SETFL, O_RDWR) < 0 ? err_sys(err, "F_SETFL") : 0;
}

static void note_number(struct restore *restore, const struct tty *tty, int master)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/pts/%d", pty_number(master, NULL));
	if (strcmp(path, tty->path) != 0)
		problem(restore, tty, VERDICT_APPROXIMATED,
			"its number is taken: it is %s now, and programs may remember the old one",
			path);
}

/* The slave, filled, if it was ever open. Canvases inherit it: a leader of a session takes it from there. */
static int make_slave(struct restore *restore, const struct tty *tty, int master, struct err *err)
{
	_cleanup_close_ int slave = pty_slave(master, O_RDWR, err);
	const int ends[] = { master, slave };

	if (slave < 0 || (tty->kind == TTY_PAIR && fill(restore, tty, ends, err) < 0))
		return -1;
	return restore_keep_fd(restore, TAKE_FD(slave), err);
}

int pty_make(struct restore *restore, const struct tty *tty, struct err *err)
{
	_cleanup_close_ int master = tty_make_master(tty, err), slave = -1;
	struct made_object *object;

	if (master < 0)
		return -1;
	if (tty->kind == TTY_PAIR)
		note_number(restore, tty, master);
	if (tty->kind == TTY_HUNG_UP || tty->pair->slave != TTY_SLAVE_UNOPENED) {
		slave = make_slave(restore, tty, master, err);
		if (slave < 0)
			return -1;
	}
	object = LIST_ADD(restore, objects, err);
	if (!object)
		return -1;
	*object = (struct made_object){ .kind = KIND_tty,
					.id = tty->id,
					.fds = { TAKE_FD(master), TAKE_FD(slave) } };
	return 0;
}

/*
 * As /dev/tty it can only be opened by whose terminal it is: for a moment, a child's, in a session of its own. It shares the table of
 * descriptors.
 */
static void __attribute__((noreturn)) open_in_session(int slave, int flags, int result)
{
	int fd = -1;

	/* Giving a terminal up sends it to who has it in the foreground. */
	signal(SIGHUP, SIG_IGN);
	if (setsid() >= 0 && ioctl(slave, TIOCSCTTY, 0) >= 0) {
		fd = open("/dev/tty", flags);
		ioctl(slave, TIOCNOTTY);
	}
	_exit(write(result, &fd, sizeof(fd)) != sizeof(fd));
}

static int open_dev_tty(int slave, int flags, struct err *err)
{
	_cleanup_close_ int reader = -1, writer = -1;
	int ends[2], fd = -1;
	long pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	reader = ends[0];
	writer = ends[1];
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return err_sys(err, "clone");
	if (pid == 0)
		open_in_session(slave, flags, writer);
	waitpid((pid_t)pid, NULL, 0);
	if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0 || read(reader, &fd, sizeof(fd)) != sizeof(fd) ||
	    fd < 0)
		return err_set(err, ERR_FAILED, "open /dev/tty in a session of its own");
	return fd;
}

int pty_open_slave(struct restore *restore, const struct file *file, const struct tty *tty,
		   bool dev_tty, int *ret_fd, struct err *err)
{
	const struct made_object *object = restore_object(restore, KIND_tty, tty->id);
	int flags = (int)file->access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_close_ int fd = -1;

	fd = dev_tty && object->fds[1] >= 0 ? open_dev_tty(object->fds[1], flags, err)
					    : pty_slave(object->fds[0], flags, err);
	if (fd < 0 || file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int set_flag(int fd, unsigned long request, const struct tty *tty, struct err *err)
{
	int on = 1;

	if (ioctl(fd, request, &on) < 0)
		return err_sys(err, "%s", tty->path);
	return 0;
}

/* By the stop character only where it is one now. */
static int stop(struct restore *restore, const struct tty *tty, const int ends[2], struct err *err)
{
	struct termios2 now;
	bool character;

	if (termios2_get(ends[0], &now, err) < 0)
		return -1;
	character = tty->pair->stopped == TTY_STOPPED_CHARACTER && (now.c_iflag & IXON) &&
		    now.c_cc[VSTOP];
	if (character && write(ends[0], &now.c_cc[VSTOP], 1) == 1)
		return 0;
	if (tty->pair->stopped == TTY_STOPPED_CHARACTER)
		problem(restore, tty, VERDICT_APPROXIMATED,
			"its output was stopped by a character that is none any more, and is now "
			"stopped as by tcflow(3)");
	return ioctl(ends[1], TCXONC, 0 /* TCOOFF */) < 0 ? err_sys(err, "%s", tty->path) : 0;
}

/* Locked settings only with privilege. */
static void lock(struct restore *restore, const struct tty *tty, int master)
{
	const struct tty_locks *saved = tty->pair->locks;
	struct pty_locks locks = { .c_iflag = (uint32_t)saved->input_flags,
				   .c_oflag = (uint32_t)saved->output_flags,
				   .c_cflag = (uint32_t)saved->control_flags,
				   .c_lflag = (uint32_t)saved->local_flags };
	struct err why;

	if (saved->control_chars.size)
		memcpy(locks.c_cc, saved->control_chars.data,
		       MIN(sizeof(locks.c_cc), saved->control_chars.size));
	if (pty_set_locks(master, &locks, &why) < 0)
		problems_add_err(&restore->problems, VERDICT_APPROXIMATED, tty->path, &why);
}

static int finish(struct restore *restore, const struct tty *tty, const struct made_object *object,
		  struct err *err)
{
	const struct tty_pair *pair = tty->pair;
	const int *ends = object->fds;

	if (pair->locks)
		lock(restore, tty, ends[0]);
	if (pair->stopped && ends[1] >= 0 && stop(restore, tty, ends, err) < 0)
		return -1;
	if ((pair->packet && set_flag(ends[0], TIOCPKT, tty, err) < 0) ||
	    (pair->exclusive && ends[1] >= 0 && set_flag(ends[1], TIOCEXCL, tty, err) < 0) ||
	    (pair->locked && set_flag(ends[0], TIOCSPTLCK, tty, err) < 0))
		return -1;
	return 0;
}

int ptys_finish(struct restore *restore, struct err *err)
{
	IMAGE_EACH (&restore->image, tty, tty) {
		const struct made_object *object = restore_object(restore, KIND_tty, tty->id);

		if (tty->kind == TTY_PAIR && object && finish(restore, tty, object, err) < 0)
			return -1;
	}
	return 0;
}
