/* SPDX-License-Identifier: MIT */
/* Open file descriptions: which descriptors share one, and which type has it. */
#include "dump/file.h"

#include "dump/file_table.h"
#include "dump/flights.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/names.h"
#include "kernel/fdcopy.h"
#include "kernel/readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#define FILE_TYPE(name) &name##_type_dumper,
static const struct file_type_dumper *const types[] = {
#include "format/resources.def"
	NULL
};
#undef FILE_TYPE

struct dump_files *dump_files(struct dump *dump, struct err *err)
{
	if (!dump->files)
		dump->files = calloc(1, sizeof(*dump->files));
	if (!dump->files)
		err_sys(err, "out of memory");
	return dump->files;
}

/* Turned into a list on the way, for it may be as deep as it is large. */
static void free_tree(struct known_file *at)
{
	while (at) {
		struct known_file *below = at->below, *above = at->above;

		if (below) {
			at->below = below->above;
			below->above = at;
			at = below;
		} else {
			free(at);
			at = above;
		}
	}
}

void dump_files_free(struct dump_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < KNOWN_BUCKETS; i++)
		while (files->known[i]) {
			struct known_file *next = files->known[i]->next;

			free_tree(files->known[i]);
			files->known[i] = next;
		}
	for (size_t i = 0; i < files->n_contents; i++)
		contents_done(&files->contents[i]);
	free(files->contents);
	free(files->pipes);
	free(files->ttys);
	free(files->ptys);
	unix_table_free(files->unix_table);
	flights_free(files->flights);
	free(files);
}

void dump_fd_problem(struct dump *dump, const struct dump_fd *fd, enum verdict verdict,
		     const char *remedy, const char *fmt, ...)
{
	char object[512], text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (flights_is_target(dump, fd->target))
		snprintf(object, sizeof(object), "in flight (SCM_RIGHTS) %s", fd->link);
	else
		snprintf(object, sizeof(object), "pid %d fd %u %s", fd->target->pid, fd->fd,
			 fd->link);
	problems_add(&dump->problems, verdict, object, "%s", text);
	if (remedy)
		problems_remedy(&dump->problems, "%s", remedy);
}

static int read_info(struct dump_fd *fd, struct err *err)
{
	const struct target_descriptor *known = target_descriptor(fd->target, fd->fd);
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd->fd);
	if (known && known->link) {
		fd->link = strdup(known->link);
		if (!fd->link)
			return err_sys(err, "out of memory");
	} else if (read_link_at(fd->target->proc, name, &fd->link, err) < 0) {
		return -1;
	}
	snprintf(name, sizeof(name), "fdinfo/%u", fd->fd);
	if (known && known->info) {
		fd->info_text = strdup(known->info);
		if (!fd->info_text)
			return err_sys(err, "out of memory");
	} else if (read_piece_at(fd->target->proc, name, &fd->info_text, NULL, err) < 0) {
		return -1;
	}
	return proc_fdinfo_parse(fd->info_text, strlen(fd->info_text), &fd->info, err);
}

/* The one thing that may fail without an end to it all: some types can do without a duplicate. */
static int take_copy(struct dump *dump, struct dump_fd *fd, struct err *err)
{
	const struct target *target = fd->target;
	_cleanup_close_ int pidfd = -1;
	struct err why = { 0 };

	if (!target->frozen)
		pidfd = (int)syscall(SYS_pidfd_open, target->pid, 0);
	fd->copy = fdcopy_get(target->pid, target->frozen ? target->frozen->pidfd : pidfd,
			      (int)fd->fd, dump->features, &fd->same, &why);
	if (fd->copy >= 0)
		return 0;
	fd->no_copy = strdup(why.msg);
	return fd->no_copy ? 0 : err_sys(err, "out of memory");
}

static int look_at(const struct dump_fd *fd, struct stat *ret_stat, struct err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd->fd);
	if (fd->copy >= 0 ? fstat(fd->copy, ret_stat) < 0
			  : fstatat(fd->target->proc, name, ret_stat, 0) < 0)
		return err_sys(err, "stat %s", fd->link);
	return 0;
}

int dump_fd_open(struct dump *dump, struct target *target, uint32_t number, struct dump_fd *ret_fd,
		 struct err *err)
{
	struct dump_fd fd = { .target = target, .fd = number, .copy = -1 };
	struct err why = { 0 };
	char name[32];

	if (read_info(&fd, &why) == 0 && take_copy(dump, &fd, &why) == 0 &&
	    look_at(&fd, &fd.stat, &why) == 0) {
		*ret_fd = fd;
		return 1;
	}
	dump_fd_close(&fd);
	snprintf(name, sizeof(name), "fd/%u", number);
	if (!dump->settings.frozen && faccessat(target->proc, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return err_set(err, why.code, "pid %d fd %u: %s", target->pid, number, why.msg);
}

void dump_fd_close(struct dump_fd *fd)
{
	cleanup_close(&fd->copy);
	free(fd->link);
	free(fd->info_text);
	free(fd->no_copy);
	*fd = (struct dump_fd){ .copy = -1 };
}

/* O_CLOEXEC is that of the descriptor. */
static uint32_t status_flags(const struct dump_fd *fd)
{
	return fd->info.flags & ~(uint32_t)O_CLOEXEC;
}

/* A duplicate is by far more likely than two that agree in everything. Said once. */
static void note_guess(struct dump *dump, struct dump_files *files, const struct dump_fd *fd,
		       const struct err *why)
{
	if (!files->guessed)
		problems_add(&dump->problems, VERDICT_APPROXIMATED, fd->target->name,
			     "descriptors that look the same (first: %u) are taken for duplicates "
			     "of each other, because this system does not tell: %s",
			     fd->fd, why->msg);
	files->guessed = true;
}

static bool looks_the_same(const struct dump *dump, const struct known_file *known,
			   const struct dump_fd *fd)
{
	if (known->dev != fd->stat.st_dev || known->ino != fd->stat.st_ino)
		return false;
	return !dump->settings.frozen ||
	       (known->flags == status_flags(fd) && known->pos == fd->info.pos);
}

/* Where the first of those is, or belongs, that look like this one. What a stopped process cannot change tells most apart. */
static struct known_file **find_alike(const struct dump *dump, struct dump_files *files,
				      const struct dump_fd *fd)
{
	uint64_t hash = fd->stat.st_ino;
	struct known_file **place;

	if (dump->settings.frozen)
		hash += (uint64_t)fd->info.pos * 31;
	for (place = &files->known[hash % KNOWN_BUCKETS]; *place; place = &(*place)->next)
		if (looks_the_same(dump, *place, fd))
			break;
	return place;
}

/*
 * Where the known description of this descriptor is; at an empty place: it is a new one, and goes there. The kernel's own
 * answer decides. Where it gives no order (3), the tree is a list.
 */
static struct known_file **find_known(struct dump *dump, struct dump_files *files,
				      const struct dump_fd *fd)
{
	struct known_file **place = find_alike(dump, files, fd);

	while (*place) {
		const struct known_file *k = *place;
		struct err why = { 0 };
		int order = fdcopy_compare(k->target->pid, fd->target->pid, KCMP_FILE, k->fd,
					   fd->fd, dump->features, &why);

		if (order < 0)
			note_guess(dump, files, fd, &why);
		if (order <= 0)
			break;
		place = order == 1 ? &(*place)->above : &(*place)->below;
	}
	return place;
}

static int add_known(struct known_file **place, const struct dump_fd *fd, uint32_t id,
		     struct err *err)
{
	struct known_file *known = malloc(sizeof(*known));

	if (!known)
		return err_sys(err, "out of memory");
	*known = (struct known_file){ .dev = fd->stat.st_dev,
				      .ino = fd->stat.st_ino,
				      .flags = status_flags(fd),
				      .pos = fd->info.pos,
				      .target = fd->target,
				      .fd = fd->fd,
				      .id = id };
	*place = known;
	return 0;
}

/* F_GETOWN_EX translates into this program's view; the image has the target's. */
static uint32_t owner_pid(const struct dump *dump, const struct f_owner_ex *owner)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (owner->type != F_OWNER_PGRP && dump->targets[i].pid == owner->pid)
			return dump->targets[i].own_pid;
	return (uint32_t)owner->pid;
}

static int collect_owner(const struct dump *dump, const struct dump_fd *fd, struct file *file,
			 struct err *err)
{
	struct f_owner_ex owner = { 0 };
	int number;

	if (!fd->same || (fd->info.flags & O_PATH) || fcntl(fd->copy, F_GETOWN_EX, &owner) < 0)
		return 0;
	number = fcntl(fd->copy, F_GETSIG);
	if (owner.pid == 0 && number <= 0)
		return 0;
	file->owner = calloc(1, sizeof(*file->owner));
	if (!file->owner)
		return err_sys(err, "out of memory");
	*file->owner = (struct file_owner){ (uint32_t)owner.type, owner_pid(dump, &owner),
					    number > 0 ? (uint32_t)number : 0 };
	return 0;
}

/* The last one takes everything. */
static const struct file_type_dumper *type_of(const struct dump *dump, const struct dump_fd *fd)
{
	size_t i = 0;

	while (types[i + 1] && !types[i]->probe(dump, fd))
		i++;
	return types[i];
}

static int collect_type(struct dump *dump, const struct dump_fd *fd, struct file *file,
			struct err *err)
{
	const struct file_type_dumper *type = type_of(dump, fd);

	file->type.state = calloc(1, type->record->size);
	if (!file->type.state)
		return err_sys(err, "out of memory");
	file->type.type = type->record;
	return type->collect(dump, fd, file->type.state, err);
}

bool dump_file_is_external(const struct dump *dump, const struct dump_fd *fd)
{
	return type_of(dump, fd) == &external_type_dumper;
}

static int collect(struct dump *dump, const struct dump_fd *fd, struct known_file **place,
		   uint32_t *ret_id, struct err *err)
{
	const uint32_t large_file = 0100000; /* the kernel's; that of the C library is 0 */
	uint32_t flags = status_flags(fd), id = 0;
	struct file *file = DUMP_NEW(dump, file, &id, err);

	if (!file)
		return -1;
	file->id = id;
	file->access = flags & NAMES_OPEN_ACCESS_MASK;
	file->flags = flags & ~NAMES_OPEN_ACCESS_MASK;
	/* Of a terminal it tells how it was opened (TIOCGPTPEER does without); open(2) always sets it. */
	if (S_ISCHR(fd->stat.st_mode))
		file->flags &= ~large_file;
	file->offset = fd->info.pos > 0 ? (uint64_t)fd->info.pos : 0;
	/* Before its type, which may lead to itself: a socket that was sent through itself. */
	*ret_id = id;
	if (add_known(place, fd, id, err) < 0 || collect_owner(dump, fd, file, err) < 0 ||
	    dump_locks(dump, fd, file, err) < 0)
		return -1;
	return collect_type(dump, fd, file, err);
}

int dump_file(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id, struct err *err)
{
	struct dump_files *files = dump_files(dump, err);
	struct known_file **known;

	if (!files)
		return -1;
	known = find_known(dump, files, fd);
	if (*known) {
		*ret_id = (*known)->id;
		/* Record locks belong to each process that holds them, through whichever. */
		return dump_locks(dump, fd, IMAGE_GET(&dump->image, file, *ret_id, 0), err);
	}
	if (collect(dump, fd, known, ret_id, err) < 0)
		return err_prefix(err, "pid %d fd %u", fd->target->pid, fd->fd);
	return 0;
}

const struct dumper file_dumper = { 0 };
