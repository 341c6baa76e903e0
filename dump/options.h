/* SPDX-License-Identifier: MIT */
/* Options of pdump. */
#ifndef PIMAGE_DUMP_OPTIONS_H
#define PIMAGE_DUMP_OPTIONS_H

#include "cli/options.h"

#include <stdint.h>
#include <sys/types.h>

/* What becomes of the process once the image is complete. */
enum afterwards { AFTER_RUN, AFTER_STOP, AFTER_KILL };

/* How its pages stay as they are while they are written: see dump/snapshot.h, dump/precopy.h. */
enum snapshot_mode { SNAPSHOT_AUTO, SNAPSHOT_FORK, SNAPSHOT_WP, SNAPSHOT_STOP };

struct dump_options {
	int afterwards;
	int scope; /* enum tree_scope */
	int snapshot;
	const char *every;  /* NULL: once */
	unsigned keep;	    /* images of a history that can be restored */
	unsigned max_pause; /* milliseconds; 0: none was given */
	bool check;
	bool json;
	const char **externals; /* ID=POLICY or POLICY, format/external_policy.h */
	size_t n_externals;
	const char *compress;
	int digest; /* bool: SHA-256 of every entry */
	unsigned threads;
	int progress_fd;  /* NO_PROGRESS_FD: none */
	unsigned timeout; /* seconds; 0: the default */
	bool verbose;
	bool quiet;
	/* From the operands and `compress`. */
	pid_t pid;
	const char *file; /* NULL with check */
	uint64_t every_ns;
	int level; /* of zstd; PAGES_LEVEL_NONE: none */
};

extern const struct program pdump_program;

/* As options_parse, and what the operands mean. */
int dump_options_parse(int argc, char **argv, struct dump_options *ret_options, struct err *err);

#endif
