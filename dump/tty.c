/* SPDX-License-Identifier: MIT */
#include "format/tty.h"

#include "dump/file_table.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/names.h"
#include "format/process.h"
#include "kernel/termios2.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

dev_t tty_device(int fd)
{
	unsigned device;

	/* Also when it was opened as /dev/tty; since 2.6.37. */
	return ioctl(fd, TIOCGDEV, &device) == 0 ? device : 0;
}

static int collect_settings(int fd, struct tty *tty, struct err *err)
{
	struct termios2 t;
	struct winsize size;

	if (termios2_get(fd, &t, err) < 0)
		return -1;
	tty->line_discipline = t.c_line;
	tty->input_flags = t.c_iflag;
	tty->output_flags = t.c_oflag;
	tty->control_flags = t.c_cflag & NAMES_TTY_CFLAG_MASK;
	tty->character_size = t.c_cflag & NAMES_TTY_SIZE_MASK;
	tty->local_flags = t.c_lflag;
	tty->input_speed = t.c_ispeed;
	tty->output_speed = t.c_ospeed;
	tty->control_chars.data = malloc(sizeof(t.c_cc));
	if (!tty->control_chars.data)
		return err_sys(err, "out of memory");
	tty->control_chars.size = sizeof(t.c_cc);
	memcpy(tty->control_chars.data, t.c_cc, sizeof(t.c_cc));
	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return err_sys(err, "ask for the size of the terminal's window");
	tty->rows = size.ws_row;
	tty->columns = size.ws_col;
	tty->width = size.ws_xpixel;
	tty->height = size.ws_ypixel;
	return 0;
}

int dump_tty(struct dump *dump, int fd, const char *path, bool controlling, uint32_t *ret_id,
	     struct err *err)
{
	struct dump_files *files = dump_files(dump, err);
	struct known_tty *known;
	dev_t device = tty_device(fd);
	struct tty *tty;
	uint32_t id = 0;

	if (!files)
		return -1;
	for (size_t i = 0; i < files->n_ttys; i++)
		if (files->ttys[i].device == device) {
			*ret_id = files->ttys[i].id;
			return 0;
		}
	tty = DUMP_NEW(dump, tty, &id, err);
	known = tty ? LIST_ADD(files, ttys, err) : NULL;
	if (!known)
		return -1;
	*known = (struct known_tty){ device, id };
	tty->id = id;
	tty->controlling = controlling;
	tty->path = strdup(path);
	if (!tty->path)
		return err_sys(err, "out of memory");
	*ret_id = id;
	return collect_settings(fd, tty, err);
}

/* Where the device is: what udev has made of the number. */
static void device_path(dev_t device, char *ret_path, size_t size)
{
	/* Documentation/admin-guide/devices.txt: slaves of pseudo-terminals. */
	if (major(device) >= 136 && major(device) <= 143)
		snprintf(ret_path, size, "/dev/pts/%u",
			 (major(device) - 136) * 256 + minor(device));
	else
		snprintf(ret_path, size, "/dev/char/%u:%u", major(device), minor(device));
}

/* The terminal that a process belongs to, also when it has no descriptor of it. */
static int collect(struct dump *dump, struct target *target, struct err *err)
{
	struct process *process = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	_cleanup_close_ int fd = -1;
	char path[64], object[64];

	if (!target->stat.tty_nr || !process)
		return 0;
	for (size_t i = 0; dump->files && i < dump->files->n_ttys; i++)
		if (dump->files->ttys[i].device == target->stat.tty_nr) {
			process->terminal = dump->files->ttys[i].id;
			return 0;
		}
	device_path(target->stat.tty_nr, path, sizeof(path));
	fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && tty_device(fd) == target->stat.tty_nr)
		return dump_tty(dump, fd, path, true, &process->terminal, err);
	snprintf(object, sizeof(object), "pid %d", target->pid);
	problems_add(&dump->problems, VERDICT_LOST, object,
		     "settings of its controlling terminal %s, which it has not open", path);
	return 0;
}

const struct dumper tty_dumper = { .collect = collect };
