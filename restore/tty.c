/* SPDX-License-Identifier: MIT */
#include "format/tty.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/names.h"
#include "format/process.h"
#include "kernel/pty.h"
#include "restore/descriptors.h"
#include "restore/pty.h"
#include "restore/tty.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/sysmacros.h>

/* The path of the device, which /dev/tty itself does not tell. */
static void find_path(struct restore_descriptors *d)
{
	unsigned device = 0;
	struct stat st;

	if (ioctl(d->tty, TIOCGDEV, &device) < 0)
		return;
	/* Documentation/admin-guide/devices.txt: slaves of pseudo-terminals. */
	if (major(device) >= 136 && major(device) <= 143) {
		snprintf(d->tty_path, sizeof(d->tty_path), "/dev/pts/%u",
			 (major(device) - 136) * 256 + minor(device));
		if (stat(d->tty_path, &st) == 0 && st.st_rdev == device)
			return;
	}
	for (int fd = 0; fd < 3; fd++)
		if (fstat(fd, &st) == 0 && st.st_rdev == device &&
		    ttyname_r(fd, d->tty_path, sizeof(d->tty_path)) == 0)
			return;
	snprintf(d->tty_path, sizeof(d->tty_path), "/dev/tty");
}

int tty_own(struct restore *restore)
{
	struct restore_descriptors *d = restore->descriptors;

	if (!d->tty_sought) {
		d->tty_sought = true;
		d->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		if (d->tty >= 0)
			find_path(d);
	}
	return d->tty;
}

const struct tty *tty_controlling(const struct restore *restore)
{
	IMAGE_EACH (&restore->image, tty, tty)
		if (tty->kind == TTY_OUTSIDE && tty->controlling)
			return tty;
	return NULL;
}

/* Speeds and the like belong to the line, not to the program. */
int tty_commit(struct restore *restore, struct err *err)
{
	struct restore_descriptors *d = restore->descriptors;
	const struct tty *tty = tty_controlling(restore);
	struct termios2 wanted;

	if (!d || !tty || tty_own(restore) < 0)
		return 0;
	if (termios2_get(d->tty, &d->tty_settings, err) < 0)
		return -1;
	wanted = d->tty_settings;
	wanted.c_iflag = (tcflag_t)tty->input_flags;
	wanted.c_oflag = (tcflag_t)tty->output_flags;
	wanted.c_lflag = (tcflag_t)tty->local_flags;
	if (tty->control_chars.size)
		memcpy(wanted.c_cc, tty->control_chars.data,
		       MIN(sizeof(wanted.c_cc), tty->control_chars.size));
	if (termios2_set(d->tty, &wanted, err) < 0)
		return -1;
	d->tty_changed = true;
	return 0;
}

void tty_undo(struct restore *restore)
{
	struct restore_descriptors *d = restore->descriptors;

	if (d && d->tty_changed)
		termios2_set(d->tty, &d->tty_settings, NULL);
	if (d)
		d->tty_changed = false;
}

/* B38400 is called so; any other speed is BOTHER, and stands in c_ispeed and c_ospeed only. */
static tcflag_t speed_bits(uint32_t speed)
{
	char name[16];
	uint64_t bits;

	snprintf(name, sizeof(name), "B%u", speed);
	return name_value(tty_speed_names, name, &bits) == 0 ? (tcflag_t)bits : BOTHER;
}

void tty_settings(const struct tty *tty, struct termios2 *termios)
{
	termios->c_line = (cc_t)tty->line_discipline;
	termios->c_iflag = (tcflag_t)tty->input_flags;
	termios->c_oflag = (tcflag_t)tty->output_flags;
	termios->c_lflag = (tcflag_t)tty->local_flags;
	termios->c_cflag =
		(tcflag_t)tty->control_flags | tty->character_size | speed_bits(tty->output_speed);
	/* None is that of the output. */
	if (tty->input_speed != tty->output_speed)
		termios->c_cflag |= speed_bits(tty->input_speed) << IBSHIFT;
	termios->c_ispeed = tty->input_speed;
	termios->c_ospeed = tty->output_speed;
	if (tty->control_chars.size)
		memcpy(termios->c_cc, tty->control_chars.data,
		       MIN(sizeof(termios->c_cc), tty->control_chars.size));
}

/* The number of /dev/pts/N; a terminal of another kind gets any. */
static unsigned saved_number(const struct tty *tty)
{
	unsigned number = 0;

	return sscanf(tty->path, "/dev/pts/%u", &number) == 1 ? number : 0;
}

int tty_make_master(const struct tty *tty, struct err *err)
{
	_cleanup_close_ int master = pty_open(saved_number(tty), err);
	const struct winsize size = { .ws_row = (unsigned short)tty->rows,
				      .ws_col = (unsigned short)tty->columns,
				      .ws_xpixel = (unsigned short)tty->width,
				      .ws_ypixel = (unsigned short)tty->height };
	struct termios2 termios;

	if (master < 0 || termios2_get(master, &termios, err) < 0)
		return -1;
	tty_settings(tty, &termios);
	/* Nothing is saved of what was hung up. */
	if (tty->control_chars.size && termios2_set(master, &termios, err) < 0)
		return -1;
	if (ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_sys(err, "set the size of a terminal's window");
	return TAKE_FD(master);
}

int tty_make_pair(const struct tty *tty, int *ret_master, int *ret_slave, struct err *err)
{
	_cleanup_close_ int master = tty_make_master(tty, err);
	int slave = master < 0 ? -1 : pty_slave(master, O_RDWR, err);

	if (slave < 0)
		return -1;
	*ret_master = TAKE_FD(master);
	*ret_slave = slave;
	return 0;
}

bool tty_is_own(const struct restore *restore, const struct process *process)
{
	const struct tty *tty = IMAGE_GET(&restore->image, tty, process->terminal, 0);

	return !tty || tty->kind == TTY_OUTSIDE;
}

bool tty_wanted(const struct restore *restore)
{
	return tty_controlling(restore) != NULL;
}

static int set_device(const struct restore *restore, const struct tty *tty, struct err *err)
{
	char buffer[PATH_MAX];
	_cleanup_close_ int fd = open(restore_path(restore, tty->path, buffer, sizeof(buffer)),
				      O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios2 termios;

	if (fd < 0)
		return err_sys(err, "open it for its settings");
	if (termios2_get(fd, &termios, err) < 0)
		return -1;
	tty_settings(tty, &termios);
	return termios2_set(fd, &termios, err);
}

void tty_set_devices(struct restore *restore)
{
	IMAGE_EACH (&restore->image, tty, tty) {
		struct err why;

		if (tty->kind == TTY_DEVICE && set_device(restore, tty, &why) < 0)
			problems_add_err(&restore->problems, VERDICT_APPROXIMATED, tty->path, &why);
	}
}

static int make(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct tty *tty = record;

	(void)key;
	if (tty->kind != TTY_PAIR && tty->kind != TTY_HUNG_UP)
		return 0;
	return pty_make(restore, tty, err) < 0 ? err_prefix(err, "%s", tty->path) : 0;
}

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct tty *tty = record;

	(void)key;
	if (!descriptors_of(restore, err))
		return -1;
	if (tty->kind == TTY_PAIR || tty->kind == TTY_HUNG_UP)
		pty_check(restore, tty);
	else if (tty->kind == TTY_OUTSIDE && tty_own(restore) < 0 && !restore->own_terminal)
		problems_add(&restore->problems, VERDICT_NOTE, "terminal",
			     "prestore has no terminal that could take the place of the saved one");
	return 0;
}

const struct restorer tty_restorer = { .check = check, .make = make };
