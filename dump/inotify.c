/* SPDX-License-Identifier: MIT */
/* The kernel names what is watched by inode; a path to it has to be sought. */
#include "format/inotify.h"

#include "dump/external.h"
#include "dump/file.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

/* A search ends after so many entries: the process stands still meanwhile. */
enum { ENTRIES_MAX = 50000, ROOT_DEPTH = 3 };

/* Parallel to the watches; only what tells an inode. */
struct sought {
	struct stat *inodes;
	size_t n_inodes;
	size_t missing; /* watches without a path yet */
};

static void sought_done(struct sought *sought)
{
	free(sought->inodes);
}

static void cleanup_fts(FTS **fts)
{
	if (*fts)
		fts_close(*fts);
}

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return strcmp(fd->link, "anon_inode:inotify") == 0;
}

/* "wd:1 ino:192627 sdev:800013 mask:2 ...", all base 16: fs/notify/fdinfo.c. */
static int parse(struct inotify *inotify, struct sought *sought, const char *line, size_t length,
		 struct err *err)
{
	const uint32_t settable = IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;
	uint64_t wd, ino, dev, mask;
	struct inotify_watch *watch;
	struct stat *inode;

	/* The blank belongs to the key: "inotify wd:1". */
	if (proc_fdinfo_word(line, length, "wd", 16, &wd) < 0 ||
	    proc_fdinfo_word(line, length, "ino", 16, &ino) < 0 ||
	    proc_fdinfo_word(line, length, "sdev", 16, &dev) < 0 ||
	    proc_fdinfo_word(line, length, "mask", 16, &mask) < 0)
		return err_set(err, ERR_FAILED, "fdinfo of an inotify descriptor: %.*s",
			       (int)length, line);
	watch = LIST_ADD(inotify, watches, err);
	inode = watch ? LIST_ADD(sought, inodes, err) : NULL;
	if (!inode)
		return -1;
	watch->wd = (uint32_t)wd;
	watch->events = (uint32_t)mask & settable;
	inode->st_ino = ino;
	inode->st_dev = makedev(dev >> 20, dev & 0xfffff);
	inode->st_nlink = 1;
	sought->missing++;
	return 0;
}

static int try_path(const struct target *target, struct inotify *inotify, struct sought *sought,
		    const char *path, struct err *err)
{
	for (size_t i = 0; i < inotify->n_watches; i++) {
		_cleanup_free_ char *found = NULL;
		int there;

		if (inotify->watches[i].path)
			continue;
		there = dump_path(target, path, &sought->inodes[i], &found, err);
		if (there < 0)
			return -1;
		if (!there)
			continue;
		inotify->watches[i].path = TAKE_PTR(found);
		sought->missing--;
	}
	return 0;
}

/* A path that the process shows, and all directories above it. */
static int try_upwards(const struct target *target, struct inotify *inotify, struct sought *sought,
		       const char *link, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	char *slash;

	if (read_link_at(target->proc, link, &path, NULL) < 0 || path[0] != '/')
		return 0;
	while (sought->missing) {
		if (try_path(target, inotify, sought, path[0] ? path : "/", err) < 0)
			return -1;
		slash = strrchr(path, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return 0;
}

static int try_known(const struct target *target, struct inotify *inotify, struct sought *sought,
		     struct err *err)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t count;
	char name[32];

	if (try_upwards(target, inotify, sought, "cwd", err) < 0 ||
	    try_upwards(target, inotify, sought, "exe", err) < 0 ||
	    list_numbers_at(target->proc, "fd", &numbers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count && sought->missing; i++) {
		snprintf(name, sizeof(name), "fd/%u", numbers[i]);
		if (try_upwards(target, inotify, sought, name, err) < 0)
			return -1;
	}
	return 0;
}

static bool is_sought(const struct sought *sought, const struct stat *st)
{
	for (size_t i = 0; i < sought->n_inodes; i++)
		if (sought->inodes[i].st_ino == st->st_ino &&
		    sought->inodes[i].st_dev == st->st_dev)
			return true;
	return false;
}

/* Below a directory of the process, on its file system; depth 0: however deep. */
static int try_below(const struct target *target, struct inotify *inotify, struct sought *sought,
		     const char *directory, int depth, struct err *err)
{
	_cleanup_(cleanup_fts) FTS *fts = NULL;
	char root[64], *start = NULL;
	_cleanup_free_ char *path = NULL;
	size_t prefix = (size_t)snprintf(root, sizeof(root), "/proc/%d/root", target->pid);
	FTSENT *entry;

	if (asprintf(&path, "%s%s/", root, directory) < 0)
		return err_sys(err, "out of memory");
	start = path;
	fts = fts_open((char *[]){ start, NULL }, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	for (int n = 0; fts && sought->missing && n < ENTRIES_MAX && (entry = fts_read(fts)); n++) {
		const char *found = entry->fts_path + prefix;

		if (depth && entry->fts_level >= depth)
			fts_set(fts, entry, FTS_SKIP);
		if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS ||
		    !is_sought(sought, entry->fts_statp))
			continue;
		while (found[0] == '/' && found[1] == '/')
			found++;
		if (try_path(target, inotify, sought, found, err) < 0)
			return -1;
	}
	return 0;
}

static int find_paths(const struct target *target, struct inotify *inotify, struct sought *sought,
		      struct err *err)
{
	_cleanup_free_ char *cwd = NULL;

	if (try_known(target, inotify, sought, err) < 0)
		return -1;
	if (sought->missing && read_link_at(target->proc, "cwd", &cwd, NULL) >= 0 &&
	    cwd[0] == '/' && try_below(target, inotify, sought, cwd, 0, err) < 0)
		return -1;
	return sought->missing ? try_below(target, inotify, sought, "", ROOT_DEPTH, err) : 0;
}

static void drop_unfound(struct dump *dump, const struct dump_fd *fd, struct inotify *inotify,
			 const struct sought *sought)
{
	enum verdict verdict = external_accepted(dump, fd->link) ? VERDICT_LOST : VERDICT_BLOCKING;
	size_t kept = 0;

	for (size_t i = 0; i < inotify->n_watches; i++) {
		struct inotify_watch *watch = &inotify->watches[i];
		const struct stat *inode = &sought->inodes[i];

		if (watch->path) {
			inotify->watches[kept++] = *watch;
			continue;
		}
		dump_fd_problem(
			dump, fd, verdict,
			"pdump --external=ask saves it without this watch, or let the process "
			"have what it watches open or below its current directory",
			"no path is found to inode %lu of device %u:%u, which is watch %u",
			inode->st_ino, major(inode->st_dev), minor(inode->st_dev), watch->wd);
	}
	inotify->n_watches = kept;
}

static int compare(const void *a, const void *b)
{
	const struct inotify_watch *x = a, *y = b;

	return x->wd < y->wd ? -1 : x->wd > y->wd;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	_cleanup_(sought_done) struct sought sought = { 0 };
	struct inotify *inotify = state;
	size_t length;
	int bytes = 0;

	for (const char *line = proc_fdinfo_find(fd->info_text, "inotify wd", &length); line;
	     line = proc_fdinfo_find(line, "inotify wd", &length))
		if (parse(inotify, &sought, line - strlen("wd:"), length + strlen("wd:"), err) < 0)
			return -1;
	if (find_paths(fd->target, inotify, &sought, err) < 0)
		return -1;
	drop_unfound(dump, fd, inotify, &sought);
	if (inotify->n_watches)
		qsort(inotify->watches, inotify->n_watches, sizeof(*inotify->watches), compare);
	if (fd->same && ioctl(fd->copy, FIONREAD, &bytes) == 0 && bytes > 0)
		dump_fd_problem(dump, fd, VERDICT_LOST, NULL,
				"events of %d bytes that are not read yet", bytes);
	return 0;
}

const struct file_type_dumper inotify_type_dumper = { &inotify_record, probe, collect };
