/* SPDX-License-Identifier: MIT */
#include "dump/generations.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/pimage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char latest[] = "latest.tar";

struct generation {
	unsigned number;
	unsigned previous; /* 0: it stores everything */
	bool unread;	   /* it may lead anywhere */
	bool needed;
};

struct generations {
	struct generation *list; /* ascending */
	size_t n_list;
};

void generation_name(unsigned number, char ret_name[GENERATION_NAME])
{
	snprintf(ret_name, GENERATION_NAME, "%06u.tar", number);
}

/* 0: it is no name of a generation. */
static unsigned number_of(const char *name)
{
	unsigned number = (unsigned)strtoul(name, NULL, 10);
	char again[GENERATION_NAME];

	generation_name(number, again);
	return strcmp(name, again) == 0 ? number : 0;
}

static int compare(const void *a, const void *b)
{
	const struct generation *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int list(const char *folder, struct generations *ret, struct err *err)
{
	_cleanup_dir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return err_sys(err, "cannot read the folder %s", folder);
	while ((entry = readdir(dir))) {
		unsigned number = number_of(entry->d_name);
		struct generation *generation;

		if (!number)
			continue;
		generation = list_add((void **)&ret->list, &ret->n_list, sizeof(*ret->list), err);
		if (!generation)
			return -1;
		*generation = (struct generation){ .number = number };
	}
	if (ret->n_list)
		qsort(ret->list, ret->n_list, sizeof(*ret->list), compare);
	return 0;
}

static void cleanup_generations(struct generations *generations)
{
	free(generations->list);
}

int generations_open(const char *folder, unsigned *ret_last, struct err *err)
{
	_cleanup_(cleanup_generations) struct generations all = { 0 };
	_cleanup_close_ int fd = -1;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "cannot make the folder %s", folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "cannot open the folder %s", folder);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(err, "another pdump writes to the folder %s", folder);
	if (list(folder, &all, err) < 0)
		return -1;
	*ret_last = all.n_list ? all.list[all.n_list - 1].number : 0;
	return TAKE_FD(fd);
}

int generation_publish(const char *folder, unsigned number, struct err *err)
{
	_cleanup_free_ char *link = NULL, *new = NULL;
	_cleanup_close_ int dir = -1;
	char name[GENERATION_NAME];

	generation_name(number, name);
	if (asprintf(&link, "%s/%s", folder, latest) < 0 || asprintf(&new, "%s.new", link) < 0)
		return err_sys(err, "out of memory");
	unlink(new);
	if (symlink(name, new) < 0 || rename(new, link) < 0)
		return err_sys(err, "cannot make the link %s", link);
	/* Its name must be on the disk before what it replaces is removed. */
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0)
		return err_sys(err, "cannot write the folder %s to the disk", folder);
	return 0;
}

static void cleanup_reader(struct image_reader **reader)
{
	image_reader_free(*reader);
}

static int read_pimage(const char *folder, const char *name, struct pimage *ret_pimage)
{
	_cleanup_(cleanup_reader) struct image_reader *reader = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	const struct image_entry *entry;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || image_reader_new(fd, 0, &reader, NULL) < 0)
		return -1;
	entry = image_reader_find(reader, "pimage.json");
	return entry ? record_decode(&pimage_record, entry->data, entry->size, ret_pimage, NULL)
		     : -1;
}

static void look_at(const char *folder, struct generation *generation)
{
	struct pimage pimage = { 0 };
	char name[GENERATION_NAME];

	generation_name(generation->number, name);
	generation->unread = read_pimage(folder, name, &pimage) < 0;
	if (!generation->unread && pimage.previous)
		generation->previous = number_of(pimage.previous->file);
	record_release(&pimage_record, &pimage);
}

static void need(struct generations *all, unsigned number)
{
	for (size_t i = 0; i < all->n_list; i++)
		if (all->list[i].number == number)
			all->list[i].needed = true;
}

int generations_prune(const char *folder, unsigned keep, struct err *err)
{
	_cleanup_(cleanup_generations) struct generations all = { 0 };

	if (list(folder, &all, err) < 0)
		return -1;
	/* From the newest down: each leads to an older one. */
	for (size_t i = all.n_list, n = 0; i-- > 0; n++) {
		struct generation *generation = &all.list[i];

		generation->needed |= n < keep;
		if (!generation->needed)
			continue;
		look_at(folder, generation);
		if (generation->unread)
			return 0;
		need(&all, generation->previous);
	}
	for (size_t i = 0; i < all.n_list; i++) {
		_cleanup_free_ char *path = NULL;
		char name[GENERATION_NAME];

		generation_name(all.list[i].number, name);
		if (all.list[i].needed)
			continue;
		if (asprintf(&path, "%s/%s", folder, name) < 0 || unlink(path) < 0)
			return err_sys(err, "cannot remove %s", name);
	}
	return 0;
}
