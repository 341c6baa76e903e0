/* SPDX-License-Identifier: MIT */
/* Files by path: whether the path that the kernel shows still leads to the file, and what tells it
 * apart. */
#include "dump/file.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/elf_build_id.h"
#include "kernel/filestat.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>

/* The kernel puts it behind the path of a file whose name is gone; d_path() of fs/d_path.c. */
static const char deleted_mark[] = " (deleted)";

/*
 * A process in a chroot sees paths from there; the kernel shows ours. In another mount namespace
 * they are from the root of that already.
 */
static const char *below_root(const struct target *target, const char *path)
{
	_cleanup_free_ char *root = NULL;
	size_t length;

	if (read_link_at(target->proc, "root", &root, NULL) < 0)
		return path;
	length = strlen(root);
	if (length > 1 && strncmp(path, root, length) == 0 && path[length] == '/')
		return path + length;
	return path;
}

static bool leads_to(const struct target *target, const char *path, const struct stat *st)
{
	_cleanup_close_ int root = openat(target->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat found;

	while (*path == '/')
		path++;
	/* The kernel's path has no links in it but what its last part may name. */
	return root >= 0 && fstatat(root, *path ? path : ".", &found, AT_SYMLINK_NOFOLLOW) == 0 &&
	       found.st_dev == st->st_dev && found.st_ino == st->st_ino;
}

/* A network file system keeps a deleted file that is open under such a name until it is closed. */
static bool is_leftover(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && strncmp(slash + 1, ".nfs0", 5) == 0;
}

void dump_name_tmpfile(char *path, uint64_t inode)
{
	char *slash = strrchr(path, '/');
	char name[32];

	snprintf(name, sizeof(name), "/#%lu", inode);
	if (slash && strcmp(slash, name) == 0)
		strcpy(slash, "/#0");
}

int dump_path(const struct target *target, const char *link, const struct stat *st, char **ret_path,
	      struct err *err)
{
	size_t length = strlen(link), mark = strlen(deleted_mark);
	_cleanup_free_ char *path = NULL;
	int found;

	if (link[0] != '/') {
		*ret_path = NULL;
		return 0;
	}
	path = strdup(below_root(target, link));
	if (!path)
		return err_sys(err, "out of memory");
	/* A file may really be called so: the file system knows. */
	found = st->st_nlink && !is_leftover(path) && leads_to(target, path, st);
	length = strlen(path);
	if (!found && length > mark && strcmp(path + length - mark, deleted_mark) == 0)
		path[length - mark] = '\0';
	if (!found && !st->st_nlink)
		dump_name_tmpfile(path, st->st_ino);
	*ret_path = TAKE_PTR(path);
	return found;
}

int dump_file_id(const char *path, int fd, const struct stat *st, struct file_id *ret_id,
		 struct err *err)
{
	struct filestat facts = filestat_of(st);
	char build_id[ELF_BUILD_ID_MAX];
	struct err ignored;

	*ret_id = (struct file_id){ .device = facts.dev,
				    .inode = facts.inode,
				    .size = facts.size,
				    .mtime = facts.mtime_ns,
				    .mode = facts.mode };
	ret_id->path = strdup(path);
	if (!ret_id->path)
		return err_sys(err, "out of memory");
	/* Without read access there is none: a fact less, no failure. */
	if (fd < 0 || !S_ISREG(st->st_mode) || elf_build_id_of_fd(fd, build_id, &ignored) != 1)
		return 0;
	ret_id->build_id = strdup(build_id);
	return ret_id->build_id ? 0 : err_sys(err, "out of memory");
}

int dump_file_id_copy(const struct file_id *known, struct file_id *ret_id, struct err *err)
{
	*ret_id = *known;
	ret_id->path = strdup(known->path);
	ret_id->build_id = known->build_id ? strdup(known->build_id) : NULL;
	if (!ret_id->path || (known->build_id && !ret_id->build_id))
		return err_sys(err, "out of memory");
	return 1;
}

int dump_file_id_again(const struct file_id *known, const char *path, const struct stat *st,
		       struct file_id *ret_id, struct err *err)
{
	struct filestat facts = filestat_of(st);

	if (known->contents || known->device != facts.dev || known->inode != facts.inode ||
	    known->size != facts.size || known->mtime != facts.mtime_ns ||
	    known->mode != facts.mode || strcmp(known->path, path) != 0)
		return 0;
	return dump_file_id_copy(known, ret_id, err);
}
