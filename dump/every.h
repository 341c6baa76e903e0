/* SPDX-License-Identifier: MIT */
/* pdump --every: stays with a process and saves it again and again. */
#ifndef PIMAGE_DUMP_EVERY_H
#define PIMAGE_DUMP_EVERY_H

#include "dump/options.h"

struct err;
struct kernel_features;

/*
 * Images 000001.tar, 000002.tar, ... in the folder options->file, the newest by the link latest.tar, until the process ends or
 * SIGINT, SIGTERM or SIGHUP comes. The newest options->keep of them can be restored; older ones are removed as soon as
 * none of those leads to them. A dump that fails is told, and the next one is tried; the first must succeed.
 */
int every_run(const struct dump_options *options, const struct kernel_features *features,
	      struct err *err);

#endif
