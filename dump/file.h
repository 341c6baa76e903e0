/* SPDX-License-Identifier: MIT */
/* Open file descriptions: how each type is told and saved. */
#ifndef PIMAGE_DUMP_FILE_H
#define PIMAGE_DUMP_FILE_H

#include "dump/dump.h"
#include "format/file.h"
#include "format/file_id.h"
#include "kernel/proc_fdinfo.h"

#include <sys/stat.h>

/* A descriptor of a target under examination. */
struct dump_fd {
	struct target *target;
	uint32_t fd;
	int copy;	 /* duplicate of it in this program; -1 where the kernel allows none */
	bool same;	 /* copy is the same open file description, not one opened anew */
	char *no_copy;	 /* why there is none */
	char *link;	 /* target of /proc/PID/fd/N, raw */
	char *info_text; /* /proc/PID/fdinfo/N */
	struct proc_fdinfo info;
	struct stat stat; /* of what it refers to */
};

/*
 * `probe` says whether a descriptor is of this type. `collect` fills the zeroed state (the struct
 * of the type's record). What blocks goes to dump->problems with the remedy.
 */
struct file_type_dumper {
	const struct record *record;
	bool (*probe)(const struct dump *dump, const struct dump_fd *fd);
	int (*collect)(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err);
};

/* One per line of FILE_TYPE in resources.def: extern const struct file_type_dumper <name>_type_dumper.
 */
#define FILE_TYPE(name) extern const struct file_type_dumper name##_type_dumper;
#include "format/resources.def"
#undef FILE_TYPE

/*
 * Looks at a descriptor. Returns 1; 0 when it is closed (by a process that runs); <0. It stands in
 * the way of nobody but while it is open: the copy keeps a pipe from ending.
 */
int dump_fd_open(struct dump *dump, struct target *target, uint32_t number, struct dump_fd *ret_fd,
		 struct err *err);
void dump_fd_close(struct dump_fd *fd);

/* The number of the open file description behind it; the first descriptor of it makes the record.
 */
int dump_file(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id, struct err *err);

/* Whether no type takes it but that of what ends outside. */
bool dump_file_is_external(const struct dump *dump, const struct dump_fd *fd);

/* Adds a problem of "pid 42 fd 7 /a/b"; remedy may be NULL. */
void dump_fd_problem(struct dump *dump, const struct dump_fd *fd, enum verdict verdict,
		     const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * The path by which the target finds this very file, from the target of a link in /proc: returns 1
 * with *ret_path (malloc'd, in the target's view). 0 when no such path is known, because the file
 * is deleted or another stands in its place; then *ret_path is the one that it had, or NULL.
 */
int dump_path(const struct target *target, const char *link, const struct stat *st, char **ret_path,
	      struct err *err);

/*
 * A file of O_TMPFILE, which never had a name, is shown by the kernel as DIRECTORY/#INODE: here as
 * DIRECTORY/#0, since the number is of no use to anybody else.
 */
void dump_name_tmpfile(char *path, uint64_t inode);

/* Releases what dump->files keeps; accepts NULL. */
void dump_files_free(struct dump_files *files);

/* Facts of a file by path (the target's view) and stat; build-id when it is ELF and readable. */
int dump_file_id(const char *path, int fd, const struct stat *st, struct file_id *ret_id,
		 struct err *err);

/* 1: the same as `known` (of another process, without contents of its own), by path and stat, so that nothing need be read; 0: not. */
int dump_file_id_again(const struct file_id *known, const char *path, const struct stat *st,
		       struct file_id *ret_id, struct err *err);

/* Whatever has become of it since. 1, or <0. */
int dump_file_id_copy(const struct file_id *known, struct file_id *ret_id, struct err *err);

/*
 * The shm object for contents that no path gives back, one per inode however often it is mapped or
 * open: a memfd, a deleted file, anonymous shared memory. `fd` reads it (duplicated; -1 for
 * anonymous shared memory of `target`, which is read through the mapping at `map`). Returns its
 * number in *ret_id.
 */
int dump_contents(struct dump *dump, struct target *target, const struct map *map, int fd,
		  uint32_t *ret_id, struct err *err);

/* A device that is the same for all who open it, and remembers nothing: /dev/null and its like. */
bool chardev_is_stateless(const struct stat *st);

#endif
