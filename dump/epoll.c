/* SPDX-License-Identifier: MIT */
#include "format/epoll.h"

#include "dump/file.h"
#include "dump/flights.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fdcopy.h"

#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sysmacros.h>

/* A line of fdinfo: fs/eventpoll.c, ep_show_fdinfo(). */
struct watched {
	uint64_t fd, events, data, ino, sdev;
	uint32_t nth; /* of those with the same number before it */
};

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return strcmp(fd->link, "anon_inode:[eventpoll]") == 0;
}

static int parse(const char *line, size_t length, struct watched *ret, struct err *err)
{
	struct watched w = { 0 };
	char *end;

	w.fd = strtoul(line, &end, 10);
	if (end == line || w.fd > INT32_MAX ||
	    proc_fdinfo_word(line, length, "events", 16, &w.events) < 0 ||
	    proc_fdinfo_word(line, length, "data", 16, &w.data) < 0)
		return err_set(err, ERR_FAILED, "fdinfo of an epoll descriptor: %.*s", (int)length,
			       line);
	if (proc_fdinfo_word(line, length, "ino", 16, &w.ino) < 0 ||
	    proc_fdinfo_word(line, length, "sdev", 16, &w.sdev) < 0)
		w.ino = w.sdev = 0;
	*ret = w;
	return 0;
}

/* By inode alone: all that is left where kcmp(2) is not allowed. The number is MKDEV() of the kernel. */
static bool same_inode(const struct target *target, const struct watched *w)
{
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "fd/%lu", w->fd);
	if (fstatat(target->proc, name, &st, 0) < 0)
		return false;
	return !w->ino || (st.st_ino == w->ino && major(st.st_dev) == w->sdev >> 20 &&
			   minor(st.st_dev) == (w->sdev & 0xfffff));
}

static bool holds(const struct dump *dump, const struct dump_fd *fd, const struct target *target,
		  const struct watched *w)
{
	int same;

	if (target != fd->target && fdcopy_compare(fd->target->pid, target->pid, KCMP_FILE, fd->fd,
						   fd->fd, dump->features, NULL) != 0)
		return false;
	same = fdcopy_watched(target->pid, (uint32_t)w->fd, fd->target->pid, fd->fd, w->nth,
			      dump->features);
	return same < 0 ? same_inode(target, w) : same > 0;
}

/* The numbers are those of the process that registered them, which need not be the first that has the epoll. */
static const struct target *find_holder(const struct dump *dump, const struct dump_fd *fd,
					const struct watched *w)
{
	if (holds(dump, fd, fd->target, w))
		return fd->target;
	for (size_t i = 0; i < dump->n_targets; i++)
		if (&dump->targets[i] != fd->target && holds(dump, fd, &dump->targets[i], w))
			return &dump->targets[i];
	return NULL;
}

static int add(struct dump *dump, const struct dump_fd *fd, struct epoll *epoll,
	       const struct watched *w, struct err *err)
{
	const struct target *holder = find_holder(dump, fd, w);
	struct epoll_registration *registration;

	if (!holder) {
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"in the program: EPOLL_CTL_DEL before close(2)",
				"descriptor %lu is registered in it, but was closed or is another "
				"file now, while a duplicate keeps the registered one open",
				w->fd);
		return 0;
	}
	registration = LIST_ADD(epoll, registrations, err);
	if (!registration)
		return -1;
	*registration = (struct epoll_registration){
		.process = holder->own_pid,
		.fd = (uint32_t)w->fd,
		.events = (uint32_t)w->events & ~(uint32_t)(EPOLLERR | EPOLLHUP),
		/* Reporting takes away all but what is not an event, ep_send_events(). */
		.disarmed = (w->events & EPOLLONESHOT) && !(w->events & (EPOLLERR | EPOLLHUP)),
		.data = w->data,
	};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct epoll_registration *x = a, *y = b;

	if (x->fd != y->fd)
		return x->fd < y->fd ? -1 : 1;
	return x->data < y->data ? -1 : x->data > y->data;
}

/* Numbers of all registrations so far, also of those that cannot be saved. */
struct seen {
	uint32_t *fds;
	size_t n_fds;
};

static void seen_done(struct seen *seen)
{
	free(seen->fds);
}

static int see(struct seen *seen, struct watched *w, struct err *err)
{
	uint32_t *fd = LIST_ADD(seen, fds, err);

	if (!fd)
		return -1;
	*fd = (uint32_t)w->fd;
	for (size_t i = 0; i + 1 < seen->n_fds; i++)
		w->nth += seen->fds[i] == *fd;
	return 0;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	_cleanup_(seen_done) struct seen seen = { 0 };
	struct epoll *epoll = state;
	size_t length;

	if (flights_is_target(dump, fd->target))
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"wait until the program has received it",
				"an epoll set that no process has cannot be saved");
	for (const char *line = proc_fdinfo_find(fd->info_text, "tfd", &length); line;
	     line = proc_fdinfo_find(line, "tfd", &length)) {
		struct watched w;

		if (parse(line, length, &w, err) < 0 || see(&seen, &w, err) < 0 ||
		    add(dump, fd, epoll, &w, err) < 0)
			return -1;
	}
	/* The kernel's order is that of addresses of its own. */
	if (epoll->n_registrations)
		qsort(epoll->registrations, epoll->n_registrations, sizeof(*epoll->registrations),
		      compare);
	return 0;
}

const struct file_type_dumper epoll_type_dumper = { &epoll_record, probe, collect };
