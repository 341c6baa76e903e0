/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals whose master a target has: who has their ends, and what state they are in. */
#include "kernel/pty.h"

#include "dump/file_table.h"
#include "dump/pty.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/processes.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

static struct known_pty *find(const struct dump *dump, dev_t instance, unsigned number)
{
	for (size_t i = 0; dump->files && i < dump->files->n_ptys; i++) {
		struct known_pty *pty = &dump->files->ptys[i];

		if (pty->number == number && (!instance || pty->instance == instance))
			return pty;
	}
	return NULL;
}

/* Which pair it is. O_PATH: a real opening would be seen by the master. */
static int identify(int master, dev_t *ret_instance, unsigned *ret_number)
{
	_cleanup_close_ int slave = pty_slave(master, O_PATH, NULL);
	int number = pty_number(master, NULL);
	struct stat st;

	if (slave < 0 || number < 0 || fstat(slave, &st) < 0)
		return -1;
	*ret_instance = st.st_dev;
	*ret_number = (unsigned)number;
	return 0;
}

int pty_survey(struct dump *dump, struct target *target, uint32_t number, struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	struct known_pty pty = { .holder = target, .master_fd = number };
	struct known_pty *known;
	int there = dump_fd_open(dump, target, number, &fd, err);

	if (there <= 0)
		return there;
	/* Without a duplicate it stays something that ends outside. */
	if (fd.copy < 0 || !fd.same || identify(fd.copy, &pty.instance, &pty.number) < 0)
		return 0;
	ioctl(fd.copy, TIOCGSID, &pty.session);
	ioctl(fd.copy, TIOCGPGRP, &pty.foreground);
	known = find(dump, pty.instance, pty.number);
	/* Whose terminal it is can neither read from it in the background nor be held up by it: another one is better to ask. */
	if (known && (known->holder->stat.tty_nr == pty_device(pty.number) ||
		      (!known->holder->remote && target->remote)))
		*known = pty;
	if (known)
		return 0;
	known = LIST_ADD(dump->files, ptys, err);
	if (!known)
		return -1;
	*known = pty;
	return 0;
}

struct known_pty *pty_of_master(const struct dump *dump, const struct dump_fd *fd)
{
	dev_t instance;
	unsigned number;

	if (!S_ISCHR(fd->stat.st_mode) || !pty_is_master(fd->stat.st_rdev) || fd->copy < 0 ||
	    !fd->same || identify(fd->copy, &instance, &number) < 0)
		return NULL;
	return find(dump, instance, number);
}

struct known_pty *pty_of_slave(const struct dump *dump, const struct dump_fd *fd)
{
	int number = pty_number_of(tty_device(fd->copy));

	if (number < 0 || pty_is_master(fd->stat.st_rdev))
		return NULL;
	return find(dump, pty_number_of(fd->stat.st_rdev) >= 0 ? fd->stat.st_dev : 0,
		    (unsigned)number);
}

/* The number alone may be that of a terminal in another instance; of a session it is the only one. */
struct known_pty *pty_of_session(const struct dump *dump, const struct target *target)
{
	int number = pty_number_of(target->stat.tty_nr);

	for (size_t i = 0; number >= 0 && dump->files && i < dump->files->n_ptys; i++) {
		struct known_pty *pty = &dump->files->ptys[i];

		if (pty->number == (unsigned)number && pty->session == target->stat.session)
			return pty;
	}
	return NULL;
}

int dump_pty(struct dump *dump, struct known_pty *known, uint32_t *ret_id, struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	struct tty *tty;

	*ret_id = known->id;
	if (known->id)
		return 0;
	if (dump_fd_open(dump, known->holder, known->master_fd, &fd, err) < 0)
		return -1;
	tty = DUMP_NEW(dump, tty, &known->id, err);
	if (!tty)
		return -1;
	tty->id = known->id;
	tty->kind = TTY_PAIR;
	tty->controlling = known->session != 0;
	tty->pair = calloc(1, sizeof(*tty->pair));
	if (!tty->pair || asprintf(&tty->path, "/dev/pts/%u", known->number) < 0)
		return err_sys(err, "out of memory");
	*ret_id = known->id;
	return tty_collect_settings(fd.copy, tty, err);
}

/* A group or session by the number that the image has for it; 0: nobody in it is in the image. */
static uint32_t in_image(const struct dump *dump, pid_t number, bool session)
{
	for (size_t i = 0; number && i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		const struct process *process =
			IMAGE_GET(&dump->image, process, target->own_pid, 0);

		if (process && (session ? target->stat.session : target->stat.pgrp) == number)
			return session ? process->session : process->group;
	}
	return 0;
}

/* struct termios of the kernel: the flags are all or partly locked, and c_cc by characters. */
static int collect_locks(int master, struct tty_pair *pair, struct err *err)
{
	struct pty_locks locks;
	struct tty_locks *saved;

	if (pty_get_locks(master, &locks, err) < 0)
		return -1;
	if (!pty_locks_any(&locks))
		return 0;
	saved = pair->locks = calloc(1, sizeof(*saved));
	if (saved)
		saved->control_chars.data = malloc(sizeof(locks.c_cc));
	if (!saved || !saved->control_chars.data)
		return err_sys(err, "out of memory");
	memcpy(saved->control_chars.data, locks.c_cc, sizeof(locks.c_cc));
	saved->control_chars.size = sizeof(locks.c_cc);
	saved->input_flags = locks.c_iflag;
	saved->output_flags = locks.c_oflag;
	saved->control_flags = locks.c_cflag;
	saved->local_flags = locks.c_lflag;
	return 0;
}

/* Whether a process that can be looked into has the slave open; none of the targets has. */
static bool used_outside(unsigned number)
{
	_cleanup_(processes_release) struct processes all = { 0 };
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "/dev/pts/%u", number);
	if (processes_read(&all, NULL) < 0)
		return false;
	for (size_t i = 0; i < all.count; i++) {
		_cleanup_close_ int proc = proc_open(all.list[i].pid, NULL);
		_cleanup_free_ uint32_t *numbers = NULL;
		size_t count;

		if (all.list[i].pid == getpid() || proc < 0 ||
		    list_numbers_at(proc, "fd", &numbers, &count, NULL) < 0)
			continue;
		for (size_t k = 0; k < count; k++) {
			_cleanup_free_ char *link = NULL;
			char name[32];

			snprintf(name, sizeof(name), "fd/%u", numbers[k]);
			if (read_link_at(proc, name, &link, NULL) >= 0 && strcmp(link, wanted) == 0)
				return true;
		}
	}
	return false;
}

/* What the slave is for the master. Who has never been opened is not told from who is open elsewhere. */
static void collect_slave(struct dump *dump, const struct known_pty *known, int master,
			  struct tty_pair *pair)
{
	struct pollfd poller = { .fd = master, .events = POLLIN };
	char object[32];

	if (known->user) {
		pair->slave = TTY_SLAVE_OPEN;
		return;
	}
	if (poll(&poller, 1, 0) == 1 && (poller.revents & POLLHUP)) {
		pair->slave = TTY_SLAVE_CLOSED;
		return;
	}
	pair->slave = TTY_SLAVE_UNOPENED;
	snprintf(object, sizeof(object), "/dev/pts/%u", known->number);
	if (known->session || used_outside(known->number))
		problems_add(&dump->problems, VERDICT_LOST, object,
			     "a process that is not saved has this terminal, and %s its master",
			     known->holder->name);
}

/* A session gets it again from its leader only. */
static void check_session(struct dump *dump, const struct known_pty *known)
{
	char object[32];

	if (!known->session)
		return;
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].pid == known->session)
			return;
	snprintf(object, sizeof(object), "/dev/pts/%u", known->number);
	problems_add(&dump->problems, VERDICT_LOST, object,
		     "that it is a controlling terminal, since the leader %d of the session is not "
		     "saved",
		     known->session);
}

static int collect_state(struct dump *dump, const struct known_pty *known, int master, int slave,
			 struct tty_pair *pair, struct err *err)
{
	_cleanup_close_ int node = pty_slave(master, O_PATH, err);
	int locked = 0, packet = 0, exclusive = 0;
	struct stat st;

	if (node < 0)
		return -1;
	if (fstat(node, &st) < 0 || ioctl(master, TIOCGPTLCK, &locked) < 0 ||
	    ioctl(master, TIOCGPKT, &packet) < 0 ||
	    (slave >= 0 && ioctl(slave, TIOCGEXCL, &exclusive) < 0))
		return err_sys(err, "ask for the state of a pseudo-terminal");
	pair->mode = st.st_mode & 07777;
	pair->locked = locked != 0;
	pair->packet = packet != 0;
	pair->exclusive = exclusive != 0;
	pair->session = in_image(dump, known->session, true);
	pair->foreground = in_image(dump, known->foreground, false);
	collect_slave(dump, known, master, pair);
	check_session(dump, known);
	return collect_locks(master, pair, err);
}

int pty_collect(struct dump *dump, const struct known_pty *known, struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd master = { .copy = -1 }, slave = { .copy = -1 };
	struct tty *tty = IMAGE_GET(&dump->image, tty, known->id, 0);

	if (dump_fd_open(dump, known->holder, known->master_fd, &master, err) <= 0 ||
	    (known->user && dump_fd_open(dump, known->user, known->slave_fd, &slave, err) <= 0))
		return dump->settings.frozen ? -1 : 0;
	if (collect_state(dump, known, master.copy, slave.copy, tty->pair, err) < 0)
		return -1;
	return dump->settings.frozen ? pty_queues(dump, known, &master, slave.copy, tty, err) : 0;
}
