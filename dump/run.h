/* SPDX-License-Identifier: MIT */
/* One dump from the freeze to the finished file, and the check that freezes nothing. */
#ifndef PIMAGE_DUMP_RUN_H
#define PIMAGE_DUMP_RUN_H

#include "dump/dump.h"
#include "dump/options.h"

#include <stdint.h>

struct history;
struct kernel_features;

/* For the line at the end. */
struct dump_summary {
	size_t processes;
	size_t threads;
	uint64_t memory_size; /* bytes of pages saved */
	uint64_t image_size;
	uint64_t pause; /* nanoseconds that the processes stood still */
	uint64_t time;	/* nanoseconds in all */
};

/*
 * Dumps to options->file. Whatever fails, the process goes on and no file appears under the name. `dump` is filled for
 * the caller, who looks at its problems (and at the image's notes) also after a failure, and releases it.
 * With a history (else NULL) pages that the image before has are left out, and what is written from now on is watched.
 */
int dump_run(const struct dump_options *options, const struct kernel_features *features,
	     struct history *history, struct dump *dump, struct dump_summary *ret_summary,
	     struct err *err);

/* Finds everything that can be found without stopping the process: dump->problems. */
int dump_check(const struct dump_options *options, const struct kernel_features *features,
	       struct dump *dump, struct err *err);

#endif
