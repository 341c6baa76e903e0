/* SPDX-License-Identifier: MIT */
#include "format/tty.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"
#include "restore/tty.h"

#include <fcntl.h>
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

static const struct tty *controlling(const struct restore *restore)
{
	IMAGE_EACH (&restore->image, tty, tty)
		if (tty->controlling)
			return tty;
	return NULL;
}

/* Speeds and the like belong to the line, not to the program. */
int tty_commit(struct restore *restore, struct err *err)
{
	struct restore_descriptors *d = restore->descriptors;
	const struct tty *tty = controlling(restore);
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

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	(void)record;
	(void)key;
	if (!descriptors_of(restore, err))
		return -1;
	if (tty_own(restore) < 0)
		problems_add(&restore->problems, VERDICT_NOTE, "terminal",
			     "prestore has no terminal that could take the place of the saved one");
	return 0;
}

const struct restorer tty_restorer = { .check = check };
