/* SPDX-License-Identifier: MIT */
/* Options of prestore. */
#ifndef PIMAGE_RESTORE_OPTIONS_H
#define PIMAGE_RESTORE_OPTIONS_H

#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pids_mode { PIDS_AUTO, PIDS_KEEP, PIDS_NAMESPACE, PIDS_NEW };
enum pty_mode { PTY_AUTO, PTY_YES, PTY_NO };

/* Of one image at once. */
enum { COPIES_MAX = 1000, NO_COPIES = -1 };

struct restore_options {
	bool detach;
	int pty;	    /* enum pty_mode */
	const char *name;   /* for attach; NULL */
	const char *attach; /* NULL: restore */
	const char *detach_key_text;
	int detach_key; /* the byte; -1: none */
	const char *pidfile;
	bool stopped;
	int copies; /* NO_COPIES: no --copies */
	int pids;   /* enum pids_mode */
	bool plan;
	bool json; /* with plan */
	bool verify;
	bool lazy;
	const char *record;	 /* NULL: no */
	uint64_t record_seconds; /* with record */
	const char *working_set; /* NULL: what the image says */
	int changed_files;	 /* 1: accept them */
	const char **map_paths;	 /* OLD=NEW */
	size_t n_map_paths;
	const char **fds; /* N=FILE|inherit:M|null */
	size_t n_fds;
	const char **externals; /* ID=POLICY or POLICY, format/external_policy.h */
	size_t n_externals;
	int progress_fd; /* NO_PROGRESS_FD: none */
	bool verbose;
	bool quiet;
	const char *file; /* operand; NULL with attach */
};

extern const struct program prestore_program;

/* As options_parse, and what the operands mean. Release with options_release. */
int restore_options_parse(int argc, char **argv, struct restore_options *ret_options,
			  struct err *err);

#endif
