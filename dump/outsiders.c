/* SPDX-License-Identifier: MIT */
#include "dump/outsiders.h"

#include "dump/dump.h"
#include "format/cleanup.h"
#include "kernel/proc_fdinfo.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>

/* A descriptor of a process that is not dumped. */
struct outsider {
	char kind; /* first letter of its name */
	uint32_t fd;
	uint64_t inode;
	pid_t pid;
};

struct outsiders {
	struct outsider *list;
	size_t n_list;
	size_t room;
};

void outsiders_free(struct outsiders *outsiders)
{
	if (outsiders)
		free(outsiders->list);
	free(outsiders);
}

/* What cannot be seen, or for which there is no memory, is left out: it is for messages only. */
static void add(struct outsiders *all, pid_t pid, uint32_t fd, const char *link)
{
	unsigned long inode;

	if (sscanf(link, "pipe:[%lu]", &inode) != 1 && sscanf(link, "socket:[%lu]", &inode) != 1)
		return;
	if (all->n_list == all->room) {
		size_t room = all->room ? 2 * all->room : 256;
		void *grown = reallocarray(all->list, room, sizeof(*all->list));

		if (!grown)
			return;
		all->list = grown;
		all->room = room;
	}
	all->list[all->n_list++] = (struct outsider){ *link, fd, inode, pid };
}

static void add_process(struct outsiders *all, pid_t pid)
{
	_cleanup_close_ int proc = proc_open(pid, NULL);
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t count;

	if (proc < 0 || list_numbers_at(proc, "fd", &numbers, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *link = NULL;
		char name[32];

		snprintf(name, sizeof(name), "fd/%u", numbers[i]);
		if (read_link_at(proc, name, &link, NULL) >= 0)
			add(all, pid, numbers[i], link);
	}
}

static bool is_target(const struct dump *dump, pid_t pid)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].pid == pid)
			return true;
	return pid == getpid();
}

static struct outsiders *outsiders_of(struct dump *dump)
{
	_cleanup_free_ uint32_t *pids = NULL;
	size_t count;

	if (dump->outsiders)
		return dump->outsiders;
	dump->outsiders = calloc(1, sizeof(*dump->outsiders));
	if (!dump->outsiders || list_numbers_at(AT_FDCWD, "/proc", &pids, &count, NULL) < 0)
		return dump->outsiders;
	for (size_t i = 0; i < count; i++)
		if (!is_target(dump, (pid_t)pids[i]))
			add_process(dump->outsiders, (pid_t)pids[i]);
	return dump->outsiders;
}

static unsigned ends_of(const struct outsider *o)
{
	_cleanup_close_ int proc = proc_open(o->pid, NULL);
	_cleanup_free_ char *text = NULL;
	struct proc_fdinfo info;
	char name[32];
	size_t size;

	snprintf(name, sizeof(name), "fdinfo/%u", o->fd);
	if (proc < 0 || read_piece_at(proc, name, &text, &size, NULL) < 0 ||
	    proc_fdinfo_parse(text, size, &info, NULL) < 0)
		return 0;
	switch (info.flags & O_ACCMODE) {
	case O_RDONLY:
		return OUTSIDER_READS;
	case O_WRONLY:
		return OUTSIDER_WRITES;
	default:
		return OUTSIDER_READS | OUTSIDER_WRITES;
	}
}

pid_t outsider_find(struct dump *dump, const char *name, uint64_t inode, unsigned ends)
{
	const struct outsiders *all = outsiders_of(dump);

	for (size_t i = 0; all && i < all->n_list; i++)
		if (all->list[i].kind == *name && all->list[i].inode == inode &&
		    (ends_of(&all->list[i]) & ends))
			return all->list[i].pid;
	return 0;
}
