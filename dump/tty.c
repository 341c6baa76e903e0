/* SPDX-License-Identifier: MIT */
#include "format/tty.h"

#include "dump/file_table.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/names.h"
#include "format/process.h"
#include "kernel/pty.h"
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

int tty_collect_settings(int fd, struct tty *tty, struct err *err)
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

dev_t tty_of_dump(const struct dump *dump)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].stat.tty_nr && !pty_of_session(dump, &dump->targets[i]))
			return dump->targets[i].stat.tty_nr;
	return 0;
}

/* What is hung up is all the same, whatever it was. */
static struct known_tty *find_tty(struct dump_files *files, dev_t device)
{
	for (size_t i = 0; i < files->n_ttys; i++)
		if (files->ttys[i].device == device)
			return &files->ttys[i];
	return NULL;
}

/* The name of a slave that is hung up is gone. */
static char *plain_path(const char *path)
{
	const char *mark = strstr(path, " (deleted)");

	return strndup(path, mark ? (size_t)(mark - path) : strlen(path));
}

int dump_tty(struct dump *dump, int fd, const char *path, enum tty_kind kind, uint32_t *ret_id,
	     struct err *err)
{
	struct dump_files *files = dump_files(dump, err);
	dev_t device = tty_device(fd);
	struct known_tty *known;
	struct tty *tty;
	uint32_t id = 0;

	if (!files)
		return -1;
	known = find_tty(files, device);
	if (known) {
		*ret_id = known->id;
		return 0;
	}
	tty = DUMP_NEW(dump, tty, &id, err);
	known = tty ? LIST_ADD(files, ttys, err) : NULL;
	if (!known)
		return -1;
	*known = (struct known_tty){ device, id };
	tty->id = id;
	tty->kind = kind;
	tty->controlling = kind == TTY_OUTSIDE;
	tty->path = plain_path(path);
	if (!tty->path)
		return err_sys(err, "out of memory");
	*ret_id = id;
	return kind == TTY_HUNG_UP ? 0 : tty_collect_settings(fd, tty, err);
}

/* Where the device is: what udev has made of the number. */
static void device_path(dev_t device, char *ret_path, size_t size)
{
	int number = pty_number_of(device);

	if (number >= 0)
		snprintf(ret_path, size, "/dev/pts/%d", number);
	else
		snprintf(ret_path, size, "/dev/char/%u:%u", major(device), minor(device));
}

/* A terminal that a process belongs to but has no descriptor of. */
static int collect_unopened(struct dump *dump, struct target *target, uint32_t *ret_id,
			    struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	device_path(target->stat.tty_nr, path, sizeof(path));
	fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && tty_device(fd) == target->stat.tty_nr)
		return dump_tty(dump, fd, path, TTY_OUTSIDE, ret_id, err);
	problems_add(&dump->problems, VERDICT_LOST, target->name,
		     "settings of its controlling terminal %s, which it has not open", path);
	return 0;
}

static int collect_controlling(struct dump *dump, struct target *target, struct err *err)
{
	struct process *process = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	const struct known_pty *pty = pty_of_session(dump, target);
	const struct known_tty *known;

	if (!target->stat.tty_nr || !process)
		return 0;
	if (pty) {
		process->terminal = pty->id;
		return 0;
	}
	if (target->stat.tty_nr != tty_of_dump(dump)) {
		problems_add(&dump->problems, VERDICT_LOST, target->name,
			     "its controlling terminal %u:%u, since another one is that of the "
			     "processes above it",
			     major(target->stat.tty_nr), minor(target->stat.tty_nr));
		return 0;
	}
	known = dump->files ? find_tty(dump->files, target->stat.tty_nr) : NULL;
	if (!known)
		return collect_unopened(dump, target, &process->terminal, err);
	process->terminal = known->id;
	return 0;
}

/* Descriptors were collected before: all that can be known of a pair is known. */
static int collect(struct dump *dump, struct target *target, struct err *err)
{
	if (collect_controlling(dump, target, err) < 0)
		return -1;
	if (target != &dump->targets[dump->n_targets - 1])
		return 0;
	for (size_t i = 0; dump->files && i < dump->files->n_ptys; i++) {
		const struct known_pty *known = &dump->files->ptys[i];

		if (known->id && pty_collect(dump, known, err) < 0)
			return err_prefix(err, "/dev/pts/%u", known->number);
	}
	return 0;
}

const struct dumper tty_dumper = { .collect = collect };
