/* SPDX-License-Identifier: MIT */
/* What each descriptor of the image becomes: what was saved, or what --fd says. */
#ifndef PIMAGE_RESTORE_DESCRIPTORS_H
#define PIMAGE_RESTORE_DESCRIPTORS_H

#include "format/external_policy.h"
#include "format/file.h"
#include "format/files.h"
#include "kernel/termios2.h"
#include "restore/restore.h"

#include <sys/stat.h>

/* One --fd N=... */
struct override {
	uint32_t number;	 /* the descriptor, in every process that has it */
	const char *path;	 /* NULL: inherit */
	int inherit;		 /* prestore's own descriptor */
	int fd;			 /* made; -1: not yet */
	const struct file *file; /* NULL: --fd; else of --external, and number is none */
};

/* Who uses an open file description: parallel to the objects of kind file in the image. */
struct file_use {
	uint32_t pid; /* first process and descriptor that has it, for messages */
	uint32_t fd;
	bool used;
	bool flies;   /* it is sent through a socket; nobody may have it else */
	bool needed;  /* at least one descriptor of it has no override of its own */
	bool decided; /* of --external: the override is for all that have none of their own */
	bool foreign; /* it becomes something of prestore's: descriptors_foreign */
	int override; /* index of an override of one of its descriptors; -1 */
	int own;      /* lowest of its descriptors that is 0, 1 or 2 and has no override; -1 */
};

struct restore_descriptors {
	struct override *overrides;
	size_t n_overrides;
	struct file_use *uses;
	size_t n_uses;
	bool checked; /* the limit; for all processes at once */
	int own[3];   /* duplicates of prestore's 0, 1, 2; -1: not made */
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

/*
 * A description that ends outside: each of its descriptors 0, 1 and 2 becomes prestore's own of that
 * number, any other what an override of one of its descriptors says, or else the lowest of these
 * three that it has. Marks it so; false when there is nothing that it could become.
 */
bool descriptors_foreign(struct restore *restore, const struct file *file);

/* It becomes /dev/null, a file or a descriptor of prestore's, as --external or the image say. */
int descriptors_become(struct restore *restore, const struct file *file,
		       const struct external_choice *choice, struct err *err);

/* What an open file description becomes that is in flight; <0 with err. */
int descriptors_file(const struct restore *restore, uint32_t file, struct err *err);

/* The descriptor (inherited by canvases) that becomes this one; <0 with err. */
int descriptors_source(const struct restore *restore, const struct descriptor *descriptor,
		       struct err *err);

/* Sets restore->base; refuses overrides of descriptors that do not exist, and limits that are too low. */
int descriptors_check(struct restore *restore, struct err *err);

/* Duplicates prestore's 0, 1 and 2 and opens all overrides; what is made already stays. */
int descriptors_make(struct restore *restore, struct err *err);

/* The saved description in whose place it comes; NULL: no process has such a descriptor. */
const struct file *override_file(const struct restore *restore, const struct override *override);

/* Opens or duplicates what it says. Returns the descriptor. */
int override_make(struct restore *restore, struct override *override, struct err *err);

/* Adds a problem of "pid 42 fd 7"; remedy may be NULL. */
void file_problem(struct restore *restore, const struct file *file, enum verdict verdict,
		  const char *remedy, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Checks that the path (after --map-path) leads to something of that type that may be opened so;
 * adds a problem and returns false when not.
 */
bool file_check_path(struct restore *restore, const struct file *file, const char *path,
		     mode_t type, struct stat *ret_stat);

/* Opens it with the saved access mode and flags; fails when it is of another type. */
int file_open_path(struct restore *restore, const struct file *file, const char *path, mode_t type,
		   int *ret_fd, struct err *err);

/* What .path of its type says. */
const char *file_path(const struct restore *restore, const struct file *file);

/* A new open file description of what fd is one of, with the saved access mode and flags. */
int file_reopen(struct restore *restore, const struct file *file, int fd, int *ret_fd,
		struct err *err);

/* Sets those flags of the description that can be set afterwards. */
int file_set_flags(struct restore *restore, const struct file *file, int fd, struct err *err);

/* Whether somebody else holds a lock on the file that is in the way of a saved one. */
void locks_check(struct restore *restore, const struct file *file, const char *path);

/* Takes the locks that belong to the description itself. */
int locks_make(const struct file *file, int fd, struct err *err);

#endif
