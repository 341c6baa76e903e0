/* SPDX-License-Identifier: MIT */
/* What a restore builds, in its three parts; nothing runs before all of them are through. */
#ifndef PIMAGE_RESTORE_BUILD_H
#define PIMAGE_RESTORE_BUILD_H

#include "restore/options.h"
#include "restore/restore.h"

struct job;

/* What prestore makes itself, shared objects with their contents. */
int build_objects(struct restore *restore, struct fill *fill, struct err *err);

/* Processes with all but the very last; *job is that of the root. */
int build_processes(struct restore *restore, struct fill *fill, enum pids_mode mode,
		    struct job *job, struct err *err);

/* When the image is known to be whole: the state that threads go on with; nothing of prestore's is left in them. */
int build_finish(struct restore *restore, struct err *err);

/* Kills what was built, as it must be before the end of the init process of a namespace is waited for. */
void build_kill(struct restore *restore);

#endif
