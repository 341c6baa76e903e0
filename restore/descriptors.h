/* SPDX-License-Identifier: MIT */
/* What each descriptor of the image becomes: what was saved, or what --fd says. */
#ifndef PIMAGE_RESTORE_DESCRIPTORS_H
#define PIMAGE_RESTORE_DESCRIPTORS_H

#include "format/file.h"
#include "format/file_id.h"
#include "format/files.h"
#include "kernel/termios2.h"
#include "restore/restore.h"

#include <sys/types.h>

/* One --fd N=... */
struct override {
	uint32_t number;  /* the descriptor, in every process that has it */
	const char *path; /* NULL: inherit */
	int inherit;	  /* prestore's own descriptor */
	int fd;		  /* made; -1: not yet */
};

/* Who uses an open file description: parallel to the objects of kind file in the image. */
struct file_use {
	const struct file *file;
	uint32_t pid; /* first process and descriptor that has it, for messages */
	uint32_t fd;
	bool needed; /* at least one descriptor of it is not overridden */
	bool foreign; /* it becomes something of prestore's, not what was saved: see descriptors_foreign */
	int override; /* index of an override of one of its descriptors; -1 */
	int own;      /* lowest of its descriptors that is 0, 1 or 2 and not overridden; -1 */
};

struct restore_descriptors {
	struct override *overrides;
	size_t n_overrides;
	struct file_use *uses;
	size_t n_uses;
	int own[3]; /* duplicates of prestore's 0, 1, 2; -1: not made */
	bool tty_sought;
	int tty; /* prestore's controlling terminal; -1 */
	char tty_path[64];
	bool tty_changed;
	struct termios2 tty_settings; /* from before the change */
};

/* Parses the options and finds out who uses what; at first call. NULL with err set. */
struct restore_descriptors *descriptors_of(struct restore *restore, struct err *err);
void descriptors_free(struct restore_descriptors *descriptors);

struct file_use *descriptors_use(const struct restore *restore, uint32_t file);
const struct override *descriptors_override(const struct restore *restore, uint32_t number);

/*
 * A description that ends outside becomes prestore's own descriptors 0, 1 and 2, where it is on one
 * of these, or else what an override of one of its descriptors says. Returns whether there is
 * either; marks it.
 */
bool descriptors_foreign(struct restore *restore, const struct file *file);

/* What `foreign` ones become: a new descriptor of prestore's own or of the override. */
int descriptors_open_foreign(struct restore *restore, const struct file *file, int *ret_fd,
			     struct err *err);

/* The descriptor (inherited by canvases) that becomes this one; <0 with err. */
int descriptors_source(const struct restore *restore, const struct descriptor *descriptor,
		       struct err *err);

/* Opens prestore's counterparts of 0, 1, 2 where needed and all overrides. */
int descriptors_make(struct restore *restore, struct err *err);

/* Adds a problem of "pid 42 fd 7"; remedy may be NULL. */
void file_problem(struct restore *restore, const struct file *file, enum verdict verdict,
		  const char *remedy, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Checks that the path (after --map-path) leads to something of that type that may be opened so. */
void file_check_path(struct restore *restore, const struct file *file, const char *path,
		     mode_t type, struct file_id *ret_found);

/*
 * Opens it with the saved access mode and flags; fails when it is of another type.
 */
int file_open_path(struct restore *restore, const struct file *file, const char *path, mode_t type,
		   int *ret_fd, struct err *err);

/* A new open file description of what fd is one of, with the saved access mode and flags. */
int file_reopen(const struct file *file, int fd, int *ret_fd, struct err *err);

/* Locks: whether others hold them; those of the description itself; those of a process. */
int locks_check(struct restore *restore, const struct file *file, struct err *err);
int locks_make(const struct file *file, int fd, struct err *err);

#endif
